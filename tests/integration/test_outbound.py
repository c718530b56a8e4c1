"""The outbound guard against a real server: what is connected to is what was checked."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.certificates import contexts
from tests.receivers import Came, Receiver, Reply
from vpr_service.addresses import Allowed
from vpr_service.outbound import MOST_BYTES, Failed, Guard, Outbound, Resolve

LOOPBACK = Allowed.of(["127.0.0.1/32"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver.listening() as one:
        yield one


def answering(*answers: Sequence[str]) -> tuple[Resolve, list[str]]:
    """A resolver that gives these answers in turn, the last one for ever, and what it was asked for."""
    asked: list[str] = []

    async def resolve(name: str) -> Sequence[str]:
        asked.append(name)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


async def failure(outbound: Outbound, url: str) -> str:
    """Why no answer came."""
    try:
        with pytest.raises(Failed) as failed:
            await outbound.post(url, b"{}", {})
    finally:
        await outbound.close()
    return failed.value.code


async def test_an_allowed_target_is_called_and_its_answer_is_given(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(202, {"Retry-After": "7"}, b"taken")
    outbound = Outbound(Guard(LOOPBACK))
    answer = await outbound.post(f"{receiver.url}/hook?a=1", b'{"a":1}', {"webhook-id": "one"})
    await outbound.close()
    assert (answer.status, answer.headers["retry-after"], answer.body) == (202, "7", b"taken")
    [came] = receiver.came
    assert (came.path, came.body, came.headers["webhook-id"]) == ("/hook?a=1", b'{"a":1}', "one")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "169.254.169.254"])
async def test_a_private_target_is_refused_before_anything_is_sent(receiver: Receiver, host: str) -> None:
    assert await failure(Outbound(Guard()), f"https://{host}:{receiver.port}/") == "target_refused"
    assert receiver.came == []


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["10.0.0.1", "8.8.8.8"]])
async def test_a_name_of_which_one_address_is_private_is_refused(receiver: Receiver, addresses: list[str]) -> None:
    resolve, asked = answering(addresses)
    code = await failure(Outbound(Guard(resolve=resolve)), f"https://rebinding.example:{receiver.port}/")
    assert (code, asked, receiver.came) == ("target_refused", ["rebinding.example"], [])


async def test_the_connection_goes_to_the_address_that_was_checked_and_nobody_asks_again(tmp_path: Path) -> None:
    """The name leads to a private address at the second look; only the first one's answer is connected to."""
    server, client = contexts("rebinding.example", tmp_path)
    async with Receiver.listening(tls=server) as receiver:
        url = f"https://rebinding.example:{receiver.port}/"
        resolve, asked = answering(["127.0.0.1"], ["10.0.0.1"])
        outbound = Outbound(Guard(LOOPBACK, resolve), tls=client)
        assert ((await outbound.post(url, b"", {})).status, asked) == (204, ["rebinding.example"])
        await outbound.close()
        assert await failure(outbound, url) == "target_refused"
        assert (asked, len(receiver.came)) == (["rebinding.example"] * 2, 1)


async def test_the_certificate_must_be_the_names_own(tmp_path: Path) -> None:
    server, client = contexts("other.example", tmp_path)
    async with Receiver.listening(tls=server) as receiver:
        resolve, _ = answering(["127.0.0.1"])
        url = f"https://wanted.example:{receiver.port}/"
        assert await failure(Outbound(Guard(LOOPBACK, resolve), tls=client), url) == "connection"
        assert receiver.came == []


async def test_a_listed_name_is_resolved_by_this_machine(receiver: Receiver) -> None:
    outbound = Outbound(Guard(Allowed.of(["localhost"])))
    answer = await outbound.post(f"http://localhost:{receiver.port}/", b"", {})
    await outbound.close()
    assert (answer.status, receiver.came[0].headers["host"]) == (204, f"localhost:{receiver.port}")


async def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(307, {"Location": f"{receiver.url}/elsewhere"})
    outbound = Outbound(Guard(LOOPBACK))
    answer = await outbound.post(receiver.url, b"", {})
    await outbound.close()
    assert (answer.status, len(receiver.came)) == (307, 1)


async def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(200, {}, b"x" * (MOST_BYTES * 4))
    outbound = Outbound(Guard(LOOPBACK))
    answer = await outbound.post(receiver.url, b"", {})
    await outbound.close()
    assert (answer.status, len(answer.body)) == (200, MOST_BYTES)


async def test_a_target_that_says_nothing_is_given_up(receiver: Receiver) -> None:
    receiver.answering = lambda _: Reply(None)
    assert await failure(Outbound(Guard(LOOPBACK), in_all=2), receiver.url) == "timeout"
    assert receiver.silent == 1


async def _unknown(_: str) -> Sequence[str]:
    raise OSError("NXDOMAIN")


async def _nothing(_: str) -> Sequence[str]:
    return []


@pytest.mark.parametrize("resolve", [_unknown, _nothing])
async def test_a_name_without_an_address_is_a_failed_connection(resolve: Resolve) -> None:
    assert await failure(Outbound(Guard(resolve=resolve)), "https://nowhere.example/") == "connection"


@pytest.mark.parametrize("reply", [lambda _: Reply(204, {"content-length": "x"}), lambda _: Reply(99)])
async def test_an_answer_that_is_no_http_is_told(receiver: Receiver, reply: Callable[[Came], Reply]) -> None:
    receiver.answering = reply
    assert await failure(Outbound(Guard(LOOPBACK)), receiver.url) == "protocol"


async def test_the_next_address_is_tried_where_the_first_takes_no_connection(tmp_path: Path) -> None:
    server, client = contexts("two.example", tmp_path)
    async with Receiver.listening(tls=server) as receiver:
        resolve, _ = answering(["127.0.0.2", "127.0.0.1"])
        outbound = Outbound(Guard(Allowed.of(["127.0.0.0/8"]), resolve), tls=client)
        answer = await outbound.post(f"https://two.example:{receiver.port}/", b"", {})
        await outbound.close()
        assert (answer.status, len(receiver.came)) == (204, 1)
