"""Two origins: staff work on one, everybody else comes to the other. The Host header says which one was asked."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from vpr_service.problems import Problem

DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` as a browser writes it. Raises ValueError for what is no http address, or has a path."""
    if urlsplit(url).path not in {"", "/"}:
        raise ValueError(f"{url} has a path: an origin has none")
    return f"{urlsplit(url).scheme}://{host_of(url)}"


def host_of(url: str) -> str:
    """``host[:port]`` as a browser writes it into Host. Raises ValueError for what is no http address."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url} is no http address")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{parts.port}"


def at_staff(request: HTTPConnection) -> bool:
    """Whether the staff origin was asked; whatever else a request calls us is not it."""
    return request.headers.get("Host", "").lower() == host_of(request.app.state.staff_url)


async def staff_page(request: HTTPConnection) -> None:
    """A dependency of pages for staff: they are not there on any other origin."""
    if not at_staff(request):
        raise _not_here()


async def public_page(request: HTTPConnection) -> None:
    """A dependency of pages for the public: they are not on the staff origin, whose cookies they must not meet."""
    if at_staff(request):
        raise _not_here()


def _not_here() -> Problem:
    return Problem(404, "not_found", "this page is not on this origin")
