"""Which addresses of the network are the public's: nothing else may be called on somebody's word."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

GLOBAL_UNICAST = IPv6Network("2000::/3")
DOCUMENTATION = IPv6Network("3fff::/20")
NAT64 = IPv6Network("64:ff9b::/96")
RELAYS_6TO4 = IPv4Network("192.88.99.0/24")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet has this address; an IPv4 address inside an IPv6 one counts as itself."""
    if isinstance(address, IPv6Address):
        if inner := _embedded(address):
            return is_public(inner)
        if address not in GLOBAL_UNICAST or address in DOCUMENTATION:
            return False
    elif address in RELAYS_6TO4:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped, 6to4, Teredo or NAT64 address leads to."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def literal(host: str) -> Address | None:
    """The address that a host is written as; None for a name.

    Raises ValueError for numbers in any other form than dotted decimal (``127.1``, ``0x7f000001``, ``2130706433``):
    programs disagree about what they mean.
    """
    try:
        return ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        if last.isdigit() or last.startswith("0x"):
            raise ValueError("a host of numbers must be an address in its usual form") from None
        return None


@dataclass(frozen=True)
class Allowed:
    """What may be called although it is not the public's: host names, and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Self:
        """From names, addresses and networks such as ``127.0.0.0/8``. Raises ValueError."""
        names, networks = set(), list[Network]()
        for entry in entries:
            if "/" in entry or literal(entry):
                networks.append(ip_network(entry))
            else:
                names.add(entry.lower())
        return cls(frozenset(names), tuple(networks))

    def has_name(self, host: str) -> bool:
        """Whether this name may lead anywhere."""
        return host.lower() in self.names

    def has(self, address: Address) -> bool:
        """Whether this address may be called; a mapped one counts as the IPv4 address that it is."""
        plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
        return any(plain in network for network in self.networks)
