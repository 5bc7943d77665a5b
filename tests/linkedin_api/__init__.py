"""A strict LinkedIn on loopback, written from the documented facts; see `server.LinkedinApi`."""

from __future__ import annotations

from tests.linkedin_api.little import read
from tests.linkedin_api.server import LinkedinApi, linkedin_api, linkedin_api_in_a_thread
from tests.linkedin_api.state import Fault, Kind, Post, Token

__all__ = ["Fault", "Kind", "LinkedinApi", "Post", "Token", "linkedin_api", "linkedin_api_in_a_thread", "read"]
