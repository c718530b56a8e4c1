"""From the officer's click that lets the resident in to the first picture, in real browsers; bare pages beside it."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.calls import GRANTED, Desk, chromium, consent, desk_on, officer, resident
from tests.coturn import SECRET, relay
from tests.janus import media_server

TIMES = 7

BARE = """<!doctype html><title>bare</title><button>call</button><video autoplay playsinline muted></video><script>
const channel = new BroadcastChannel("bare"), video = document.querySelector("video"), waiting = [];
const peer = new RTCPeerConnection();
const say = (message) => channel.postMessage(JSON.stringify(message));
peer.onicecandidate = ({candidate}) => candidate && say({candidate});
peer.ontrack = ({streams: [stream]}) => {
  video.srcObject = stream;
};
window.took = new Promise((resolve) => {
  video.requestVideoFrameCallback(() => resolve(performance.now() - window.clicked));
});
window.warm = async () => {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 1280, height: 720}});
  stream.getTracks().forEach((track) => peer.addTrack(track, stream));
};
channel.onmessage = async ({data}) => {
  const {description, candidate} = JSON.parse(data);
  if (candidate) return peer.remoteDescription ? peer.addIceCandidate(candidate) : waiting.push(candidate);
  await peer.setRemoteDescription(description);
  for (const one of waiting.splice(0)) await peer.addIceCandidate(one);
  if (description.type === "offer") {
    await peer.setLocalDescription();
    say({description: peer.localDescription});
  }
};
document.querySelector("button").onclick = async () => {
  window.clicked = performance.now();
  await peer.setLocalDescription();
  say({description: peer.localDescription});
};
</script>"""
"""The least that a call between two pages of one browser is, with the camera warm."""

WATCH = """() => {
  const video = document.querySelector("#remote");
  document.querySelector("#people").addEventListener("click", () => { window.clicked = performance.now(); }, true);
  window.took = new Promise((resolve) => {
    video.requestVideoFrameCallback(() => resolve(performance.now() - window.clicked));
  });
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(BARE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()


def _bare(browser: Browser, folder: Path) -> float:
    times = []
    with _served(folder) as url:
        for _ in range(TIMES):
            context = browser.new_context()
            first, second = context.new_page(), context.new_page()
            for page in (first, second):
                page.goto(url)
                page.evaluate("warm()")
            first.locator("button").click()
            times.append(float(first.evaluate("window.took")))
            context.close()
    return median(times)


def _let_in(browser: Browser, playwright: Playwright, desk: Desk) -> float:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        consent(on_phone, "view")
        on_phone.page.locator("#to-waiting").tap()
        on_phone.at("waiting")
        at_desk.page.locator("#join").click()
        at_desk.at("call")
        at_desk.page.evaluate(WATCH)
        at_desk.page.get_by_role("button", name="Let in").click()
        return float(at_desk.page.evaluate("window.took"))


def first_frames(folder: Path, told: Callable[[str, float, float], None]) -> None:
    """Measure; ``told`` is given the way, its median and that of bare pages (milliseconds)."""
    with (
        sync_playwright() as playwright,
        media_server(folder / "janus") as janus,
        relay(folder) as turn,
    ):
        ways: dict[str, dict[str, str]] = {
            "peer to peer": {},
            "through Janus": janus.environment | {"VIDEO_MEDIA": "janus"},
            "relayed by coturn": {
                "VIDEO_TURN_URLS": json.dumps([turn.url]), "VIDEO_TURN_SECRET": SECRET, "VIDEO_ICE_POLICY": "relay",
            },
        }  # fmt: skip
        browser = chromium(playwright, GRANTED)
        bare = _bare(browser, folder / "bare")
        for way, environment in ways.items():
            (home := folder / way.replace(" ", "-")).mkdir()
            with desk_on(home, **environment) as desk:
                _let_in(browser, playwright, desk)  # to warm up
                told(way, median(_let_in(browser, playwright, desk) for _ in range(TIMES)), bare)
        browser.close()
