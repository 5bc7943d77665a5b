"""Where the parts are put together: `Settings` in, `App` out. Below this line everything takes plain values."""

from __future__ import annotations

from trendbot.bootstrap.app import App, desk_of, open_app, reloaded
from trendbot.bootstrap.home import SAMPLE, Access, make_folder, own_templates, own_themes, themes_file
from trendbot.bootstrap.linkedin import linkedin_account, linkedin_app, linkedin_rhythm
from trendbot.bootstrap.mail import email_transport
from trendbot.bootstrap.plugged import plugged
from trendbot.bootstrap.policies import digest_policy, fetcher_for

__all__ = [
    "SAMPLE",
    "Access",
    "App",
    "desk_of",
    "digest_policy",
    "email_transport",
    "fetcher_for",
    "linkedin_account",
    "linkedin_app",
    "linkedin_rhythm",
    "make_folder",
    "open_app",
    "own_templates",
    "own_themes",
    "plugged",
    "reloaded",
    "themes_file",
]
