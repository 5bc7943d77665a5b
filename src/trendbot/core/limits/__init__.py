"""The linters: what each channel refuses, checked before a digest is frozen.

Lengths are UTF-16 code units where the channel counts so (an emoji beyond the basic plane is two). Every check returns
its problems as values, an empty tuple for a good text, each with its rule and its line; rules and figures are those of
the channels' own documents.
"""

from __future__ import annotations

from trendbot.core.limits.contrast import check_contrast, contrast
from trendbot.core.limits.linkedin import (
    FOLD_DESKTOP,
    FOLD_PHONE,
    LINKEDIN_ESCAPED,
    LINKEDIN_HASHTAGS,
    LINKEDIN_VISIBLE,
    check_linkedin,
    check_paste,
    escape_little,
    little_hashtag,
    read_little,
    write_little,
)
from trendbot.core.limits.mail import MAIL_BYTES, MAIL_FOOT, MAIL_PREFACE, MAIL_SUBJECT, check_mail
from trendbot.core.limits.problems import Problem, line_past, utf16_length
from trendbot.core.limits.telegram import (
    TELEGRAM_CAPTION,
    TELEGRAM_ENTITIES,
    TELEGRAM_UNITS,
    TelegramText,
    check_telegram,
    read_telegram,
    telegram_length,
)
from trendbot.core.limits.text import hidden_in, one_line, pack, plain_line, safe_link, shorten, shorten_units

__all__ = [
    "FOLD_DESKTOP",
    "FOLD_PHONE",
    "LINKEDIN_ESCAPED",
    "LINKEDIN_HASHTAGS",
    "LINKEDIN_VISIBLE",
    "MAIL_BYTES",
    "MAIL_FOOT",
    "MAIL_PREFACE",
    "MAIL_SUBJECT",
    "TELEGRAM_CAPTION",
    "TELEGRAM_ENTITIES",
    "TELEGRAM_UNITS",
    "Problem",
    "TelegramText",
    "check_contrast",
    "check_linkedin",
    "check_mail",
    "check_paste",
    "check_telegram",
    "contrast",
    "escape_little",
    "hidden_in",
    "line_past",
    "little_hashtag",
    "one_line",
    "pack",
    "plain_line",
    "read_little",
    "read_telegram",
    "safe_link",
    "shorten",
    "shorten_units",
    "telegram_length",
    "utf16_length",
    "write_little",
]
