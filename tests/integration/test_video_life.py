"""The life of a session through log and API."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.examples import NOON, minutes, recorded
from tests.system import System
from tests.waiting import until
from vpr_events import store
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import CaseClosed, CaseVideoRequested, CloseReason
from vpr_events.contracts.values import Role
from vpr_events.event import Recorded, new_id, stream_name
from vpr_events.log import Outgoing
from vpr_video.domain.session import session_id


@dataclass
class Meeting:
    """A request for video and the hands of those who take part in its session."""

    system: System
    request: UUID = field(default_factory=new_id)
    case: UUID = field(default_factory=new_id)
    report: UUID = field(default_factory=new_id)
    officer: UUID = field(default_factory=new_id)
    category: str | None = None

    @property
    def id(self) -> UUID:
        return session_id(self.request)

    @property
    def url(self) -> str:
        return f"/v1/sessions/{self.id}"

    @property
    def requested(self) -> Recorded:
        event = CaseVideoRequested(
            request_id=self.request, report_id=self.report, officer_id=self.officer, category=self.category
        )
        return recorded(event, entity=self.case, report=self.report)

    def closed(self, after: Recorded) -> Recorded:
        event = CaseClosed(reason=CloseReason.RESOLVED, request_id=self.request)
        return recorded(event, entity=self.case, report=self.report, at=NOON + minutes(5), after=after)

    @classmethod
    async def arranged(cls, system: System, **options: Any) -> "Meeting":
        """The session waits."""
        meeting = cls(system, **options)
        await system.servers.publish(meeting.requested)
        await until(meeting.exists)
        return meeting

    async def exists(self) -> bool:
        return (await self.get(self.url)).status_code == 200

    def as_officer(self) -> dict[str, str]:
        return self.system.as_(Role.OFFICER, subject=self.officer)

    async def get(self, url: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.system["video"].get(url, headers=headers or self.as_officer())

    async def post(self, part: str, body: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.system["video"].post(
            f"{self.url}/{part}", json=body or {}, headers=headers or self.as_officer()
        )

    async def token(self) -> str:
        """The token of a new invitation's link."""
        answer = await self.post("invitations")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["link"].rpartition("/")[2])

    async def join(self, token: str) -> httpx.Response:
        return await self.system["video"].post("/v1/join", json={"token": token})

    def as_resident(self, joined: httpx.Response) -> dict[str, str]:
        return {"Authorization": f"Participant {joined.json()['participant_token']}"}

    async def allow(self, joined: httpx.Response, *scopes: str) -> httpx.Response:
        return await self.system["video"].put(
            "/v1/call/consents", json={"scopes": scopes}, headers=self.as_resident(joined)
        )

    async def admit(self, joined: httpx.Response) -> httpx.Response:
        return await self.post(f"participants/{joined.json()['participant_id']}/admission")

    async def both_in(self) -> httpx.Response:
        """The resident allowed to be seen and was let in by the officer: what joining answered."""
        joined = await self.join(await self.token())
        assert (await self.allow(joined, "view")).status_code == 200
        assert (await self.post("participants")).status_code == 200
        assert (await self.admit(joined)).status_code == 200
        return joined

    async def read(self) -> dict[str, Any]:
        row: dict[str, Any] = (await self.get(self.url)).json()
        return row

    async def events(self) -> list[Recorded]:
        stream = stream_name("session", self.id)
        async with self.system.runtime("video").reading() as connection:
            return list((await store.load(connection, [stream]))[stream])

    async def names(self) -> list[str]:
        return [event.data.event_name.removeprefix("session.") for event in await self.events()]


async def test_a_request_of_triage_becomes_a_waiting_session(video: System) -> None:
    meeting = await Meeting.arranged(video)
    row = await meeting.read()
    assert (row["status"], row["version"]) == ("waiting", 1)
    expected = {"request_id": meeting.request, "case_id": meeting.case, "report_id": meeting.report}
    assert {name: UUID(row[name]) for name in expected} == expected
    [created] = await meeting.events()
    assert created.correlation_id == meeting.report


async def test_the_whole_life_of_a_session(video: System) -> None:
    meeting = await Meeting.arranged(video)
    joined = await meeting.join(await meeting.token())
    assert joined.status_code == 200, joined.text
    assert UUID(joined.json()["session_id"]) == meeting.id
    assert (await meeting.read())["status"] == "joined"
    assert (await meeting.allow(joined, "view", "snapshot")).json()["consents"] == ["snapshot", "view"]
    assert (await meeting.post("participants")).json()["officer_joined_at"]
    assert [one["kind"] for one in (await meeting.admit(joined)).json()] == ["resident", "officer"]
    connected = await meeting.post("connection", {"mode": "video"})
    assert connected.json()["status"] == "connected"
    ended = await meeting.post("end", {"reason": "completed"})
    assert (ended.json()["status"], ended.json()["end_reason"]) == ("ended", "completed")
    assert await meeting.names() == [
        "created", "invite_sent", "invite_opened", "participant_joined", "consented", "participant_joined",
        "participant_admitted", "connected", "ended",
    ]  # fmt: skip
    assert {event.correlation_id for event in await meeting.events()} == {meeting.report}
    row = await meeting.read()
    moments = [row[f"{point}_at"] for point in ("created", "resident_joined", "officer_joined", "connected", "ended")]
    assert moments == sorted(moments)
    assert (row["version"], row["mode"]) == (9, "video")


async def test_repeats_change_nothing(video: System) -> None:
    meeting = await Meeting.arranged(video)
    await meeting.both_in()
    for part, body in (("participants", None), ("connection", {"mode": "video"}), ("end", {"reason": "failed"})):
        first = await meeting.post(part, body)
        assert first.status_code == 200, first.text
        assert (await meeting.post(part, body)).json() == first.json()
    assert (await meeting.post("end", {"reason": "completed"})).json()["end_reason"] == "failed"


async def test_what_comes_too_early_or_too_late_is_refused_with_its_reason(video: System) -> None:
    meeting = await Meeting.arranged(video)
    early = await meeting.post("connection", {"mode": "video"})
    assert (early.status_code, early.json()["type"]) == (409, "urn:vpr:problem:not_both_joined")
    await meeting.post("end", {"reason": "declined"})
    for part, body in (("participants", None), ("connection", {"mode": "video"}), ("invitations", None)):
        late = await meeting.post(part, body)
        assert (late.status_code, late.json()["type"]) == (409, "urn:vpr:problem:session_ended")


async def test_connecting_at_the_same_moment_counts_once(video: System) -> None:
    meeting = await Meeting.arranged(video)
    await meeting.both_in()
    answers = await asyncio.gather(*(meeting.post("connection", {"mode": "video"}) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await meeting.names()).count("connected") == 1


async def test_coming_in_again_keeps_the_first_time_and_the_connection(video: System) -> None:
    meeting = await Meeting.arranged(video)
    await meeting.both_in()
    before = (await meeting.post("connection", {"mode": "video"})).json()
    assert (await meeting.join(await meeting.token())).status_code == 200
    assert (await meeting.post("participants", None, video.as_(Role.SUPERVISOR))).status_code == 200
    assert await meeting.read() == before | {"version": before["version"] + 4}


async def test_closing_the_case_ends_its_session(video: System) -> None:
    meeting = await Meeting.arranged(video)
    await video.servers.publish(meeting.closed(after=meeting.requested))
    await video.quiet()
    row = await meeting.read()
    assert (row["status"], row["end_reason"]) == ("ended", "case_closed")


async def test_closing_the_case_leaves_an_ended_session_as_it_is(video: System) -> None:
    meeting = await Meeting.arranged(video)
    before = (await meeting.post("end", {"reason": "no_show"})).json()
    await video.servers.publish(meeting.closed(after=meeting.requested))
    await video.quiet()
    assert await meeting.read() == before


async def test_duplicates_change_nothing(video: System) -> None:
    meeting = await Meeting.arranged(video)
    requested = meeting.requested
    closed = meeting.closed(after=requested)
    await video.servers.publish(closed)
    await video.quiet()
    before, events = await meeting.read(), await meeting.events()

    async with video.servers.admin_log() as admin:
        await admin.publish([again(event) for event in (requested, closed, requested, closed)])
    repeated = meeting.requested
    await video.servers.publish(repeated, meeting.closed(after=repeated))
    await video.quiet()
    assert (await meeting.read(), await meeting.events()) == (before, events)


def again(event: Recorded) -> Outgoing:
    """The event under another message id, so that the broker lets it pass."""
    return Outgoing(subject_of(event.type), headers_of(event) | {"Nats-Msg-Id": uuid4().hex}, event.body)


async def test_events_in_the_wrong_order_lead_to_the_same_session(video: System) -> None:
    meeting = Meeting(video)
    requested = meeting.requested
    await video.servers.publish(meeting.closed(after=requested), requested)
    await until(meeting.exists)
    await video.quiet()
    row = await meeting.read()
    assert (row["status"], row["end_reason"], row["version"]) == ("ended", "case_closed", 2)
    state = (await video["video"].get("/readyz")).json()
    assert state["dead_letters"] == 0


async def test_only_the_sessions_officer_or_a_supervisor_acts(video: System) -> None:
    meeting = await Meeting.arranged(video)
    others = {
        Role.OFFICER: 403, Role.DISPATCHER: 403, Role.AUDITOR: 403, Role.ADMIN: 403, Role.ANALYST: 403,
    }  # fmt: skip
    parts = (
        ("invitations", None),
        ("participants", None),
        ("connection", {"mode": "chat"}),
        ("end", {"reason": "failed"}),
    )
    for part, body in parts:
        for role, status in others.items():
            assert (await meeting.post(part, body, video.as_(role))).status_code == status, (part, role)
    assert await meeting.names() == ["created"]
    assert (await meeting.post("participants", None, video.as_(Role.SUPERVISOR))).status_code == 200
    assert (await video["video"].post(f"{meeting.url}/participants", json={})).status_code == 401


async def test_who_may_read_sessions(video: System) -> None:
    meeting = await Meeting.arranged(video)
    for role in (Role.OFFICER, Role.SUPERVISOR, Role.DISPATCHER, Role.AUDITOR, Role.ADMIN):
        assert (await meeting.get(meeting.url, video.as_(role))).status_code == 200
    assert (await meeting.get(meeting.url, video.as_(Role.ANALYST))).status_code == 403
    assert (await video["video"].get(meeting.url)).status_code == 401
    assert (await meeting.get(f"/v1/sessions/{uuid4()}")).status_code == 404
    assert (await meeting.get("/v1/sessions/nonsense")).status_code == 422


async def test_bad_bodies_are_refused_by_field(video: System) -> None:
    meeting = await Meeting.arranged(video)
    for part, body, name in (
        ("connection", {"mode": "telepathy"}, "mode"),
        ("end", {"reason": "case_closed"}, "reason"),
        ("invitations", {"channel": "by word of mouth"}, "channel"),
        ("invitations", {"chanel": "link"}, "chanel"),
    ):
        answer = await meeting.post(part, body)
        assert answer.status_code == 422, (part, body)
        assert [error["field"] for error in answer.json()["errors"]] == [name]


async def test_an_officer_lists_the_own_sessions_and_others_all(video: System) -> None:
    first = await Meeting.arranged(video)
    second = await Meeting.arranged(video)
    await second.post("end", {"reason": "declined"})

    async def listed(query: str = "", headers: dict[str, str] | None = None) -> list[UUID]:
        return [UUID(row["id"]) for row in (await first.get(f"/v1/sessions{query}", headers)).json()]

    supervisor = video.as_(Role.SUPERVISOR)
    assert await listed() == [first.id]
    assert await listed(f"?case_id={second.case}") == [second.id]
    assert await listed(f"?officer_id={second.officer}") == [second.id]
    assert await listed("", supervisor) == [second.id, first.id]
    assert await listed("?status=ended", supervisor) == [second.id]
    assert await listed("?status=ended&status=waiting", supervisor) == [second.id, first.id]
    assert (await first.get("/v1/sessions?status=nowhere")).status_code == 422


async def test_pages_follow_their_links(video: System) -> None:
    officer = new_id()
    made = [(await Meeting.arranged(video, officer=officer)) for _ in range(5)]
    seen, url = [], "/v1/sessions?limit=2"
    while url:
        answer = await made[0].get(url)
        seen += [UUID(row["id"]) for row in answer.json()]
        url = str(answer.links["next"]["url"]) if "next" in answer.links else ""
    assert seen == [meeting.id for meeting in reversed(made)]


async def test_a_misspelt_parameter_is_named(video: System) -> None:
    answer = await video["video"].get("/v1/sessions", params={"officer": "me"}, headers=video.as_(Role.OFFICER))
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == ["officer"]


async def test_a_foreign_cursor_is_refused(video: System) -> None:
    for cursor in ("nonsense", "WzFd", "WzEsMl0=", "WyJhIiwiYiJd", "e30=", "é"):
        answer = await video["video"].get("/v1/sessions", params={"cursor": cursor}, headers=video.as_(Role.OFFICER))
        assert answer.status_code == 422, cursor
