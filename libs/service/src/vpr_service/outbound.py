"""Calling addresses that somebody else named: only public ones, and exactly those that were checked.

The name is resolved here, every address of the answer is checked, and the connection goes to a checked address: a name
that answers otherwise a moment later leads nowhere else. Redirects are answers, not followed.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import httpcore
import httpx

from vpr_service.addresses import Address, Allowed, is_public, literal

IN_ALL = 15.0
CONNECT = 5.0
MOST_BYTES = 65_536
PORTS = {"http": 80, "https": 443}

type Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name. Raises OSError when it has none, or nobody answers."""


class Forbidden(Exception):
    """The target is not one that may be called."""


class Failed(Exception):
    """No answer came. ``code`` says why: timeout, connection, protocol or target_refused."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; ``body`` is cut after 64 KiB, and the rest never read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def resolved(name: str) -> Sequence[str]:
    """Both kinds of addresses of a name, by DNS without a thread: many slow names may be asked for at once."""
    try:
        answers = await dns.asyncresolver.get_default_resolver().resolve_name(name, lifetime=CONNECT)
    except dns.exception.DNSException as error:
        raise OSError(f"{type(error).__name__}") from error
    return list(answers.addresses())


async def resolved_here(name: str) -> Sequence[str]:
    """The addresses of a name as this machine's files know it, such as ``localhost``."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Guard:
    """Decides which targets may be called: public ones, and those that ``allowed`` lists."""

    allowed: Allowed = field(default_factory=Allowed)
    resolve: Resolve = resolved

    def check_url(self, url: str) -> None:
        """Raises Forbidden for what could never be called: no https (but to a listed host), credentials, no host."""
        try:
            parts = urlsplit(url)
            host, known, port = parts.hostname, parts.scheme in PORTS, parts.port
            address = literal(host) if host else None
        except ValueError as error:
            raise Forbidden("must be an absolute address with a host name in its usual form") from error
        if not known or not host or port == 0 or not url.isprintable() or " " in url or parts.fragment:
            raise Forbidden("must be an absolute https address without a fragment")
        if parts.username is not None or parts.password is not None:
            raise Forbidden("must not hold credentials")
        listed = self.allowed.has_name(host) or (address is not None and self.allowed.has(address))
        if parts.scheme != "https" and not listed:
            raise Forbidden("must be https")
        if address is not None:
            self._check(host, address)

    async def addresses(self, host: str) -> Sequence[str]:
        """Where to connect to for a host, all of them checked. Raises Forbidden, and OSError for an unknown name."""
        try:
            address = literal(host)
        except ValueError as error:
            raise Forbidden(str(error)) from error
        if address is not None:
            found: Sequence[str] = [str(address)]
        else:
            found = await (resolved_here(host) if self.allowed.has_name(host) else self.resolve(host))
        if not found:
            raise OSError("it has no address")
        for one in found:
            self._check(host, ip_address(one))
        return found

    def _check(self, host: str, address: Address) -> None:
        if not (is_public(address) or self.allowed.has(address) or self.allowed.has_name(host)):
            raise Forbidden("leads to an address that is not public")


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses only; TLS is still told, and checks, the name."""

    def __init__(self, guard: Guard) -> None:
        self._guard, self._plain = guard, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address that takes the connection."""
        try:
            addresses = await self._guard.addresses(host)
        except OSError as error:
            raise httpcore.ConnectError(type(error).__name__) from error
        for address in addresses[:-1]:
            try:
                return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue  # the next address is another try; what the last one raises is told
        return await self._plain.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the interface's own
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the same
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise Forbidden("is a socket of this machine")


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport with connections made by the guard. httpx has no public way to hand a backend over."""

    def __init__(self, guard: Guard, tls: ssl.SSLContext | None = None) -> None:
        context = tls or httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context, max_connections=None, max_keepalive_connections=100, keepalive_expiry=5,
            network_backend=_Backend(guard),
        )  # fmt: skip


@dataclass
class Outbound:
    """A client for addresses that somebody else named.

    ``in_all``: seconds for the whole call, from name to body. ``tls`` says whose certificates are good: those that
    browsers trust, unless given.
    """

    guard: Guard
    in_all: float = IN_ALL
    tls: ssl.SSLContext | None = None
    _client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Send it. Raises Failed when no answer comes."""
        try:
            self.guard.check_url(url)
            async with asyncio.timeout(self.in_all):
                return await self._post(url, content, headers)
        except Forbidden as error:
            raise Failed("target_refused") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Failed("timeout") from error
        except (httpx.NetworkError, OSError) as error:
            raise Failed("connection") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Failed("protocol") from error

    async def _post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        async with self._opened().stream("POST", url, content=content, headers=headers) as response:
            body = bytearray()
            async for part in response.aiter_raw():
                body += part
                if len(body) >= MOST_BYTES:
                    break
            return Answer(response.status_code, response.headers, bytes(body[:MOST_BYTES]))

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            timeout = httpx.Timeout(self.in_all, connect=CONNECT)
            transport = GuardedTransport(self.guard, self.tls)
            self._client = httpx.AsyncClient(
                transport=transport, timeout=timeout, follow_redirects=False, trust_env=False
            )
        return self._client

    async def close(self) -> None:
        """End its connections."""
        client, self._client = self._client, None
        if client:
            await client.aclose()
