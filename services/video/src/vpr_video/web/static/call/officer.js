/* The officer's side: let in, see, ask, write, go down the ladder, end. */

import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { Devices } from "./devices.js";
import { Quality } from "./quality.js";
import { $, ask, say, show, socketAddress, texts, whenSeen } from "./page.js";
import { Tiles } from "./tiles.js";

const { root, session, claim } = document.body.dataset;
const api = `${root}/v1/sessions/${session}`;
let csrf = $("meta[name=csrf-token]").content;
const post = (path, body, method = "POST") => ask(`${api}${path}`, { method, body, headers: { "X-CSRF-Token": csrf } });
const LATE = 5000;
const RENEW = 10 * 60 * 1000;

const devices = new Devices();
const chosen = { camera: true, microphone: true };
let resident = null;
let seen = false;
let told = 0;
let lost = 0;

const call = new Call({
  address: async () => socketAddress(`${api}/socket?csrf_token=${encodeURIComponent(csrf)}`),
  probe: async () => {
    const now = await ask(api).catch(({ status }) => ({ gone: status }));
    if (now.gone === 401) location.reload();
    csrf = (await ask("/csrf").catch(() => ({ csrf_token: csrf }))).csrf_token;
    return ["ended", "expired"].includes(now.status) ? 4410 : now.gone === 403 ? 4403 : 0;
  },
  ice: () => ask(`${api}/ice`),
});
const chat = new Chat(call, $("#chat"), texts);
const tiles = new Tiles($("#others"), texts);

/* Who is there */

function people(view) {
  $("#people").replaceChildren(...view.people.map(row));
  const scopes = view.people.find((one) => one.id === resident)?.consents ?? [];
  for (const chip of document.querySelectorAll("[data-consent]")) {
    const given = scopes.includes(chip.dataset.consent);
    chip.classList.toggle("given", given);
    chip.querySelector("span").textContent = given ? texts.allowed : texts.not_allowed;
  }
  $("#status").textContent = texts[`status_${view.status}`];
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === view.mode));
    button.disabled = !["connected", "interrupted"].includes(view.status);
  }
}

function row(one) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const mine = one.id === call.view.you.id ? ` (${texts.you})` : "";
  const where = one.admitted ? (one.online ? texts.in_call : texts.away) : texts.waits;
  name.textContent = `${texts[one.kind]}${mine}: ${where}`;
  item.append(name);
  if (!one.admitted) item.append(button(texts.let_in, () => post(`/participants/${one.id}/admission`)));
  if (!mine) item.append(button(texts.show_out, () => post(`/participants/${one.id}`, undefined, "DELETE"), "quiet"));
  return item;
}

function button(text, act, kind = "") {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: kind });
  made.onclick = () => act().catch(failed);
  return made;
}

const failed = (error) => say(error.status === 403 ? texts.not_yours : texts.failed);

/* The resident's picture, and what their device can do */

call.addEventListener("session", ({ detail }) => {
  resident = seenOf(detail);
  people(detail);
  tiles.keep(detail.people.filter((one) => one.admitted && one.id !== resident), texts.away);
  said(detail);
  if (["ended", "expired"].includes(detail.status)) return finish();
  abilities();
  consider();
});
call.addEventListener("stream", ({ detail }) => {
  const one = call.view.people.find(({ id }) => id === detail.id);
  if (detail.id === seenOf(call.view)) watch(detail.stream);
  else if (one) tiles.show(one, detail.stream);
});
call.addEventListener("state", () => { abilities(); consider(); });
call.addEventListener("moved", ({ detail }) => {
  if (detail.id === resident) lost = ["disconnected", "failed"].includes(detail.state) ? Date.now() : 0;
  if (lost) say(texts.reconnecting);
  else say("");
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
  if (detail.code === 4410) return;
  say(detail.code === 4403 ? texts.not_yours : detail.code === 4409 ? texts.elsewhere : texts.left);
  stop();
  show("before");
});

/* The resident who has the large picture. */
function seenOf({ people }) {
  return people.find((one) => one.kind === "resident" && one.admitted)?.id ?? null;
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
  $("#ask-unmute").hidden = !resident || state.audio !== false;
  $("#ask-camera").hidden = !resident || state.video !== false || !view("view");
  $("#no-picture").hidden = state.video !== false;
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

/* Our own camera and microphone */

async function open() {
  try {
    if (chosen.microphone && !devices.audio) await devices.openAudio();
    if (chosen.camera && !devices.video) await devices.openVideo();
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
  try {
    await post("/participants", {});
  } catch (error) {
    return failed(error);
  }
  show("call");
  await open();
  call.start();
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
  post("/end", { reason: event.target.elements.reason.value }).catch(failed);
});

function stop() {
  devices.close();
  call.stop();
  clearInterval(renewing);
}

function finish() {
  stop();
  show("after");
}

/* Triage lends a case for half an hour: whoever is in a call keeps it. */
const renewing = setInterval(() => {
  if (call.view) ask(claim, { method: "POST", headers: { "X-CSRF-Token": csrf } }).catch(() => say(texts.not_renewed));
}, RENEW);

show(document.body.dataset.over ? "after" : "before");
