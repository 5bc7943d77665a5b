from __future__ import annotations

import socket

import pytest

from trendbot.fetch.guard import AddressRefusedError, guarded_sockets, is_public

_SPECIAL = """
0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 192.0.0.8 192.0.2.1 192.88.99.1
192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::808:808
64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
fec0::1 ff02::1
"""
_PUBLIC = """
8.8.8.8 93.184.216.34 151.101.1.6 2606:4700::6810:84e5 2a00:1450:4001:81b::200e ::ffff:8.8.8.8
"""
SPECIAL, PUBLIC = _SPECIAL.split(), _PUBLIC.split()


@pytest.mark.parametrize("address", [*SPECIAL, "fe80::1%eth0", "not an address", ""])
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address)


def _info(address: str) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443))


@pytest.mark.parametrize("address", SPECIAL)
def test_no_socket_is_made_for_a_special_address(address: str) -> None:
    with pytest.raises(AddressRefusedError):
        guarded_sockets(allow_private=False)(_info(address))


def test_private_addresses_may_be_allowed_but_multicast_never() -> None:
    make = guarded_sockets(allow_private=True)
    make(_info("127.0.0.1")).close()
    make(_info("10.0.0.1")).close()
    for address in ("224.0.0.1", "0.0.0.0", "ff02::1", "::"):
        with pytest.raises(AddressRefusedError):
            make(_info(address))
