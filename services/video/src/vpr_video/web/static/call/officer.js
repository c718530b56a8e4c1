/* The officer's side: let in, see, ask, write, go down the ladder, end. */

import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { checklists } from "./checklist.js";
import { Devices } from "./devices.js";
import { Districts } from "./districts.js";
import { Evidence } from "./evidence.js";
import { uploadLinks } from "./links.js";
import { guestLinks } from "./guests.js";
import { draw } from "./map.js";
import { Quality } from "./quality.js";
import { $, ask, say, sayBroken, show, socketAddress, texts, whenSeen } from "./page.js";
import { showPeople } from "./people.js";
import { Tiles } from "./tiles.js";
import { queue } from "./turns.js";

const { root, session, claim } = document.body.dataset;
const api = `${root}/v1/sessions/${session}`;
let csrf = $("meta[name=csrf-token]").content;
const headers = () => ({ "X-CSRF-Token": csrf });
const post = (path, body, method = "POST") => ask(`${api}${path}`, { method, body, headers: headers() });
const FEW_BITS = 180_000;
const LATE = 5000;
const RENEW = 10 * 60 * 1000;

const devices = new Devices();
const chosen = { camera: true, microphone: true };
let resident = null;
let seen = false;
let told = 0;
let lost = 0;
let renewing = 0;
let evidence = null;
let listGuests = () => {};
let here = "";

const call = new Call({
  address: async () => socketAddress(`${api}/socket?csrf_token=${encodeURIComponent(csrf)}`),
  probe: async () => {
    const now = await ask(api).catch(({ status }) => ({ gone: status }));
    if (now.gone === 401) location.reload();
    csrf = (await ask("/csrf").catch(() => ({ csrf_token: csrf }))).csrf_token;
    if (["ended", "expired"].includes(now.status)) return 4410;
    const seat = await ask(`${api}/ice`).catch(({ code }) => ({ code }));
    return ["not_your_session", "not_in_session"].includes(seat.code) ? 4403 : 0;
  },
});
const chat = new Chat(call, $("#chat"), texts);
const tiles = new Tiles($("#others"), texts);
const districts = new Districts(`${root}/v1/districts`);

const why = (error) => (error.code === "appointment_ahead" ? texts.appointment_ahead : texts.failed);
const failed = (error) => say(error.status === 403 ? texts.not_yours : why(error));

/* The resident's picture, and what their device can do */

call.addEventListener("session", ({ detail }) => {
  const theirs = detail.people.find((one) => one.id === seenOf(detail));
  resident = theirs?.id ?? null;
  showPeople(detail, resident, { post, failed });
  tiles.keep(detail.people.filter((one) => one.admitted && one.id !== resident), texts.away);
  said(detail);
  draw(theirs?.location ?? null, districts);
  secure(detail, theirs?.consents ?? []);
  if (here !== (here = String(detail.people.map(({ id }) => id)))) listGuests();
  if (["ended", "expired"].includes(detail.status)) return finish();
  abilities();
  consider();
});
districts.addEventListener("known", () => {
  draw(call.view.people.find((one) => one.id === resident)?.location ?? null, districts);
});
call.addEventListener("stream", ({ detail }) => {
  const one = call.view.people.find(({ id }) => id === detail.id);
  if (detail.id === seenOf(call.view)) watch(detail.stream);
  else if (one) tiles.show(one, detail.stream);
});
call.addEventListener("state", ({ detail }) => {
  call.limit(detail.saving ? FEW_BITS : null, detail.from);
  abilities();
  consider();
});
call.addEventListener("moved", ({ detail }) => {
  if (detail.id === resident) lost = ["disconnected", "failed"].includes(detail.state) ? Date.now() : 0;
  sayBroken(Boolean(lost));
  consider();
});
call.addEventListener("link", ({ detail }) => { $("#link").hidden = detail; });

/* How the media server is, where the call goes through it. */
function said({ media }) {
  $("#server").textContent = { away: texts.server_away, fallback: texts.server_fallback }[media] ?? "";
  $("#server").hidden = !$("#server").textContent;
}

call.addEventListener("error", ({ detail }) => {
  if (detail.code === "view_not_allowed") say(texts.view_not_allowed);
});
call.addEventListener("end", ({ detail }) => {
  if (detail.code === 4410) return finish();
  say(detail.code === 4403 ? texts.not_yours : detail.code === 4409 ? texts.elsewhere : texts.left);
  stop();
  show("before");
});

/* The resident who has the large picture. */
function seenOf({ people }) {
  return people.find((one) => one.kind === "resident" && one.admitted)?.id ?? null;
}

/* Whoever acts on the session secures evidence; others see and talk. */
function secure(detail, scopes) {
  for (const one of document.querySelectorAll("[data-acting]")) one.hidden = !detail.you.acts;
  $("#recording").hidden = !detail.recording;
  if (!detail.you.acts) return;
  if (!evidence) {
    evidence = new Evidence({ base: `${api}/evidence`, headers, call, resident: () => resident });
    checklists(`${api}/checklists`, headers);
    uploadLinks(`${api}/upload-links`, headers);
    listGuests = guestLinks(`${api}/guests`, headers);
  }
  evidence.allow(scopes);
  evidence.told(detail);
}

function watch(stream) {
  const video = $("#remote");
  delete video.dataset.seen;
  video.srcObject = stream;
  video.play().catch(() => {});
  seen = false;
  whenSeen(video, () => {
    seen = true;
    video.dataset.seen = "yes";
    consider();
  });
}

function abilities() {
  const state = call.states.get(resident) ?? {};
  $("#ask-rear").hidden = !(state.cameras > 1) || state.facing === "environment";
  $("#ask-front").hidden = !(state.cameras > 1) || state.facing !== "environment";
  $("#ask-torch").hidden = typeof state.torch !== "boolean";
  $("#ask-torch").textContent = state.torch ? texts.ask_torch_off : texts.ask_torch;
  $("#ask-torch").dataset.ask = state.torch ? "torch_off" : "torch_on";
  for (const one of ["#ask-zoom-in", "#ask-zoom-out"]) $(one).hidden = !state.zoom;
  $("#saving").hidden = !state.saving;
  $("#ask-unmute").hidden = !resident || state.audio !== false;
  $("#ask-camera").hidden = !resident || state.video !== false || !view("view");
  $("#no-picture").hidden = state.video !== false;
  $("#remote").style.visibility = state.video === false ? "hidden" : "";
}

const view = (scope) => call.view?.people.find((one) => one.id === resident)?.consents.includes(scope);

/* Connected is when both sides see (or, without a camera, hear) each other: the service is told, again after a break. */
function consider() {
  const peer = call.way(resident);
  const theirs = call.states.get(resident);
  if (!peer?.connected || !theirs || call.view.status === "connected" || Date.now() - told < 1000) return;
  if (theirs.video && !seen) return;
  if (devices.video && !theirs.seeing) return;
  told = Date.now();
  call.send({ type: "media", state: "connected", mode: theirs.video ? "video" : theirs.audio ? "audio" : "chat" });
}

setInterval(() => {
  consider();
  if (lost && Date.now() - lost > LATE && call.view.status === "connected") {
    call.send({ type: "media", state: "lost", lost: resident });
  }
}, 1000);

const quality = new Quality();
setInterval(async () => {
  const peer = call.way(resident);
  $("#quality").textContent = peer ? texts[`quality_${await quality.of(peer)}`] : texts.nobody_yet;
}, 2000);

/* Our own camera and microphone: none of it is opened twice, nor once the call is left. */

const inTurn = queue();
const open = () => inTurn(settle);

async function settle() {
  const inCall = () => document.body.dataset.at === "call";
  try {
    if (chosen.microphone && !devices.audio && inCall()) await devices.openAudio();
    if (chosen.camera && !devices.video && inCall()) await devices.openVideo();
  } catch (error) {
    say(error.name === "NotAllowedError" ? texts.own_denied : texts.own_missing);
  }
  if (!chosen.camera) devices.closeVideo();
  if (devices.audio) devices.audio.enabled = chosen.microphone;
  const self = $("[data-self]");
  self.srcObject = devices.video ? new MediaStream([devices.video]) : null;
  self.hidden = !devices.video;
  $("#mute").setAttribute("aria-pressed", String(!devices.audio?.enabled));
  $("#camera").setAttribute("aria-pressed", String(!devices.video));
  await call.replace("audio", devices.audio);
  await call.replace("video", devices.video);
  call.tell({ audio: Boolean(devices.audio?.enabled), video: Boolean(devices.video) });
}

/* Buttons */

$("#join").onclick = async () => {
  const kind = $("#as").value;
  try {
    await post("/participants", { kind });
  } catch (error) {
    return failed(error);
  }
  say("");
  show("call");
  await open();
  call.start();
  clearInterval(renewing);
  renewing = kind === "officer" ? setInterval(renew, RENEW) : 0;
};
$("#mute").onclick = () => { chosen.microphone = !chosen.microphone; open(); };
$("#camera").onclick = () => { chosen.camera = !chosen.camera; open(); };
for (const one of document.querySelectorAll("[data-ask]")) {
  one.onclick = () => {
    call.send({ type: "request", to: resident, what: one.dataset.ask });
    say(texts.asked);
  };
}
for (const one of document.querySelectorAll("[data-phrase]")) one.onclick = () => chat.write(one.textContent);
for (const one of document.querySelectorAll("[data-mode]")) {
  one.onclick = () => post("/mode", { mode: one.dataset.mode }).catch(() => say(texts.view_not_allowed));
}
$("#end").addEventListener("submit", (event) => {
  event.preventDefault();
  const reason = event.target.elements.reason.value;
  Promise.resolve(evidence?.finished()).then(() => post("/end", { reason })).catch(failed);
});

function stop() {
  evidence?.stop();
  devices.close();
  call.stop();
  clearInterval(renewing);
}

function finish() {
  stop();
  show("after");
}

/* Triage lends a case for half an hour: whoever is in a call keeps it. */
function renew() {
  ask(claim, { method: "POST", headers: headers() }).catch(() => say(texts.not_renewed));
}

$("#invite-copy").onclick = async () => {
  await navigator.clipboard.writeText($("#invite-link").value).then(() => say(texts.copied), () => $("#invite-link").select());
};
$("#invite-as").onchange = ({ target }) => {
  $("#invite-link").value = `${location.origin}${location.pathname}/${target.value}`;
};
$("#invite-as").onchange({ target: $("#invite-as") });

show(document.body.dataset.over ? "after" : "before");
