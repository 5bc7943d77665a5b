"""Sealing secrets at rest: Fernet (AES-128-CBC with HMAC-SHA-256), under a key that is never in the database.

The key comes from the setting `credentials_key`, else from the home's secret file, which only its owner reads. A copy
of the database alone opens nothing. cryptography (the extra `linkedin`) is imported when something is sealed or opened.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from trendbot.errors import ConfigError, StoreError

_PURPOSE = b"trendbot credentials at rest\x00"


def seal(secret: bytes, values: Mapping[str, Any]) -> str:
    """Return values sealed under a key derived from `secret`.

    Raises:
        ConfigError: the extra is not installed.

    """
    return str(_box(secret).encrypt(json.dumps(dict(values)).encode()).decode())


def unseal(secret: bytes, sealed: str) -> dict[str, Any]:
    """Return what `seal` sealed.

    Raises:
        ConfigError: the extra is not installed.
        StoreError: it was sealed under another key, or was changed.

    """
    box = _box(secret)
    try:
        return dict(json.loads(box.decrypt(sealed.encode())))
    except Exception as error:
        if type(error).__name__ != "InvalidToken":
            raise
    raise StoreError(
        "the stored credentials were sealed under another key: put that key back, or `trendbot linkedin connect` again"
    )


def _box(secret: bytes) -> Any:
    try:
        from cryptography.fernet import Fernet
    except ModuleNotFoundError as error:
        raise ConfigError("LinkedIn needs cryptography: pip install 'trendbot[linkedin]'") from error
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + secret).digest()))
