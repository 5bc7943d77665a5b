"""A strict SMTP server on loopback that does as it is scripted: takes, refuses, puts off, or hangs up at any step."""

# ruff: noqa: A005  (Python drops the module of that name)
from __future__ import annotations

from tests.smtpd.server import Arrived, Script, Sink, smtp_server, smtp_server_in_a_thread

__all__ = ["Arrived", "Script", "Sink", "smtp_server", "smtp_server_in_a_thread"]
