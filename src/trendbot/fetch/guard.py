"""Which addresses may be connected to.

The judgement falls on the address that the socket is about to connect to, after every look-up and for every redirect,
so neither odd spellings of loopback nor a name that resolves differently the second time get through.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from trendbot.errors import AddressRefusedError

AddressInfo = tuple[Any, Any, int, str, tuple[Any, ...]]

_DENIED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carriers' shared space
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "255.255.255.255/32",
        "::/96",  # IPv4-compatible
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/32",  # Teredo
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",  # site-local
        "fd00:ec2::254/128",  # a cloud's metadata
    )
)


def is_public(text: str) -> bool:
    """Tell whether the numeric address `text` is an ordinary public one, unwrapped where it is mapped.

    Forms that carry an IPv4 address through a translator or tunnel are refused as such.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return _ordinary(mapped or address)


def _ordinary(address: IPv4Address | IPv6Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    if special or address.is_link_local or address.is_private or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in _DENIED)


def guarded_sockets(*, allow_private: bool) -> Callable[[AddressInfo], socket.socket]:
    """Return a socket factory that refuses special addresses, unless `allow_private`.

    Multicast and the unspecified address are refused always.

    The factory raises AddressRefusedError.
    """

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, target = info
        host = str(target[0])
        if not (is_public(host) or (allow_private and _askable(host))):
            raise AddressRefusedError(f"{host} is not a public address")
        made = socket.socket(family=family, type=kind, proto=protocol)
        made.setblocking(False)
        return made

    return make


def _askable(host: str) -> bool:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)
