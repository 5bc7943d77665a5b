"""Signing mail (DKIM, RFC 6376) where the server does not: RSA with SHA-256, relaxed, both List headers included."""

from __future__ import annotations

from collections.abc import Callable

from trendbot.errors import ConfigError

SIGNED = (
    b"from", b"from", b"to", b"to", b"subject", b"subject", b"date", b"date", b"message-id", b"message-id",
    b"reply-to", b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted", b"list-id",
    b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id",
)  # fmt: skip
"""The headers that are signed. dkimpy's own list lacks List-Unsubscribe-Post, without which no one click is trusted;
those named twice cannot be added a second time on the way."""


def dkim_signer(*, selector: str, domain: str, key: str) -> Callable[[bytes], bytes]:
    """Return what gives the DKIM-Signature header of a mail.

    Raises:
        ConfigError: the extra is not installed, or the key is none.

    """
    try:
        import dkim
    except ModuleNotFoundError as error:
        raise ConfigError(f"signing mail needs {error.name}: pip install 'trendbot[email]'") from error
    parsed = _parsed(key)

    def sign(raw: bytes) -> bytes:
        signature: bytes = dkim.sign(
            raw,
            selector.encode("ascii"),
            domain.encode("ascii"),
            parsed,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(SIGNED),
        )
        return signature

    return sign


def _parsed(key: str) -> bytes:
    from dkim.crypto import UnparsableKeyError, parse_pem_private_key

    pem = key.strip().replace("\\n", "\n").encode("ascii", "replace") + b"\n"
    try:
        parse_pem_private_key(pem)
    except (UnparsableKeyError, ValueError, IndexError) as error:
        raise ConfigError(
            "setting email.dkim_key is no RSA private key (PEM): docs/email.md says how to make one"
        ) from error
    return pem
