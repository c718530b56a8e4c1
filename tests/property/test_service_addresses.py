"""Which targets may be called: whatever the form an address is written in, nothing private is reached."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpr_service.addresses import Allowed, is_public, literal
from vpr_service.outbound import Forbidden, Guard

PRIVATE = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4", "::/128", "::1/128", "::/96", "fe80::/10", "fec0::/10", "fc00::/7", "ff00::/8", "2001:db8::/32",
    "3fff::/20", "100::/64", "5f00::/16",
]  # fmt: skip
"""What RFC 6890 and its successors keep for other uses than the public's."""

private = st.sampled_from(PRIVATE).map(ip_network).flatmap(lambda one: st.ip_addresses(network=one))
private_v4 = private.filter(lambda one: one.version == 4)
public_v4 = st.sampled_from(["8.8.8.0/24", "1.1.1.0/24", "193.0.0.0/21"]).map(ip_network)


def inside_v6(address: IPv4Address) -> list[IPv6Address]:
    """Every IPv6 address that leads to this IPv4 address."""
    number = int(address)
    return [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x0064FF9B << 96) | number),
        IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF)),
        IPv6Address(number),
    ]


@given(private)
def test_a_private_address_is_never_public(address: IPv4Address | IPv6Address) -> None:
    assert not is_public(address)


@given(private_v4)
def test_a_private_address_inside_another_is_private_too(address: IPv4Address) -> None:
    assert [one for one in inside_v6(address) if is_public(one)] == []


@given(public_v4.flatmap(lambda one: st.ip_addresses(network=one)))
def test_a_public_address_is_public_also_mapped(address: IPv4Address) -> None:
    assert is_public(address)
    assert is_public(IPv6Address((0xFFFF << 32) | int(address)))


@given(private_v4, st.data())
def test_no_spelling_of_a_private_address_is_let_through(address: IPv4Address, data: st.DataObject) -> None:
    number, (a, b, c, d) = int(address), address.packed
    spelt = data.draw(
        st.sampled_from(
            [
                str(address), f"{number}", f"{number:#x}", f"0{number:o}", f"{a}.{(b << 16) | (c << 8) | d}",
                f"{a}.{b}.{(c << 8) | d}", f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"{address}.", f"0{a:o}.{b}.{c}.{d}",
                *(f"[{one}]" for one in inside_v6(address)),
            ]
        )
    )  # fmt: skip
    with pytest.raises(Forbidden):
        Guard().check_url(f"https://{spelt}/hook")


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z][a-z0-9-]{0,10}){1,3}", fullmatch=True))
def test_a_name_is_no_address(name: str) -> None:
    assert literal(name) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/a", "ftp://hooks.example/a", "https:///a", "hooks.example/a", "https://u:p@hooks.example/",
        "https://hooks.example:0/", "https://hooks.example:99999/", "https://hooks.example/#part",
        "https://a b.example/", "https://hooks.example/\n", "https://[::1/", "https://[fe80::1%25eth0]/", "",
    ],
)  # fmt: skip
def test_an_address_that_could_never_be_called_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        Guard().check_url(url)


def test_what_is_listed_is_allowed_and_nothing_beside_it() -> None:
    guard = Guard(Allowed.of(["localhost", "127.0.0.0/8", "::1", "receiver.test"]))
    for url in ("http://localhost:9/a", "http://127.0.0.1/", "https://[::1]/", "http://RECEIVER.test/"):
        guard.check_url(url)
    for url in ("http://10.0.0.1/", "https://10.0.0.1/", "https://[::2]/", "http://sub.receiver.test/"):
        with pytest.raises(Forbidden):
            guard.check_url(url)
    with pytest.raises(ValueError, match="usual form"):
        Allowed.of(["127.1"])
