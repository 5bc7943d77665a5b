"""The DNS record of a DKIM key: the public half of an RSA key, as RFC 6376 wants it written (DER, base64)."""

from __future__ import annotations

import base64

from trendbot.errors import ConfigError

_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
"""The algorithm: rsaEncryption, without parameters (RFC 8017)."""
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03


def dkim_record(key: str) -> tuple[str, int]:
    """Return the text of the record for a private key (PEM), and the key's length in bits.

    Raises:
        ConfigError: the extra is not installed, or the key is none.

    """
    try:
        from dkim.crypto import UnparsableKeyError, parse_pem_private_key
    except ModuleNotFoundError as error:
        raise ConfigError(f"signing mail needs {error.name}: pip install 'trendbot[email]'") from error
    try:
        parsed = parse_pem_private_key(key.strip().replace("\\n", "\n").encode("ascii", "replace") + b"\n")
        modulus, exponent = int(parsed["modulus"]), int(parsed["publicExponent"])
    except (UnparsableKeyError, ValueError, IndexError, KeyError) as error:
        raise ConfigError("setting email.dkim_key is no RSA private key (PEM): see docs/email.md") from error
    numbers = _der(_SEQUENCE, _integer(modulus) + _integer(exponent))
    public = _der(_SEQUENCE, _RSA + _der(_BITS, b"\x00" + numbers))
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}", modulus.bit_length()


def _integer(number: int) -> bytes:
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag,)) + (bytes((length,)) if length < 0x80 else bytes((0x80 | len(size),)) + size) + content  # noqa: PLR2004
