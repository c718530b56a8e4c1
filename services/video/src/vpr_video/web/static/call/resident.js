/* The resident's side: what will be seen, consent, a look at the camera, the waiting room, the call, what comes after. */

import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { Devices, meter } from "./devices.js";
import { $, ask, say, show, socketAddress, texts, whenSeen } from "./page.js";
import { Tiles } from "./tiles.js";

const root = document.body.dataset.root;
const api = `${root}/v1/call`;
const devices = new Devices();
const chosen = { camera: true, microphone: true };
const OVER = 4410;

const call = new Call({
  address: async () => socketAddress(`${api}/socket`),
  probe: async () => {
    const now = await ask(api).catch(({ status }) => ({ gone: status === 401 }));
    return now.gone || ["ended", "expired"].includes(now.status) ? OVER : now.present === false ? 4411 : 0;
  },
  ice: () => ask(`${api}/ice`),
});
new Chat(call, $("#chat"), texts);
const tiles = new Tiles($("#others"), texts);

let consents = new Set();
let startedAt = 0;
let stopMeter = () => {};

/* Consent */

const boxes = [...document.querySelectorAll("input[data-scope]")];

function marked(form) {
  return boxes.filter((box) => box.form === form && box.checked).map((box) => box.dataset.scope);
}

/* What is no longer allowed stops here and now, before anybody is told. */
async function allow(scopes) {
  const before = consents;
  consents = new Set(scopes);
  if (!consents.has("view")) await stopCamera();
  try {
    const told = await ask(`${api}/consents`, { method: "PUT", body: { scopes } });
    consents = new Set(told.consents);
  } catch (error) {
    if (consents.has("view") && !before.has("view")) consents.delete("view");
    say(texts.not_saved);
    if (error.status === 401) show("over");
  }
  for (const box of boxes) box.checked = consents.has(box.dataset.scope);
  await apply();
}

/* Camera and microphone: on where allowed, wanted and part of how the call goes on */

async function stopCamera() {
  devices.closeVideo();
  preview();
  await call.replace("video", null);
}

const mayShow = () => consents.has("view") && ["video", null, undefined].includes(call.view?.mode);
const maySpeak = () => ["video", "audio", null, undefined].includes(call.view?.mode);

let applying = Promise.resolve();

function apply() {
  applying = applying.then(settle, settle);
  return applying;
}

async function settle() {
  if (["who", "consent", "after", "over", "elsewhere"].includes(document.body.dataset.at)) return;
  const failures = [];
  const wanted = chosen.camera && mayShow();
  if (!wanted && devices.video) await stopCamera();
  if (wanted && !devices.video) await devices.openVideo().catch((error) => failures.push(error));
  if (!(chosen.camera && mayShow())) await stopCamera();
  if (!maySpeak() && devices.audio) {
    devices.audio.stop();
    devices.audio = null;
  }
  if (maySpeak() && !devices.audio && chosen.microphone) {
    await devices.openAudio().catch((error) => failures.push(error));
  }
  if (devices.audio) devices.audio.enabled = chosen.microphone;
  help(failures);
  preview();
  await call.replace("audio", devices.audio);
  await call.replace("video", devices.video);
  tell();
}

/* Whoever cannot be seen or heard is told why, what to do, and how to go on without. */
function help([error]) {
  const asked = (chosen.camera && mayShow() && !devices.video) || (chosen.microphone && maySpeak() && !devices.audio);
  $("#denied").hidden = !(error && asked);
  $("#to-waiting").hidden = Boolean(error && asked);
  $("#loudness").hidden = !devices.audio;
  if (!error) return;
  const denied = error.name === "NotAllowedError";
  $("#denied-why").textContent = denied ? texts.denied : texts.no_camera;
  $("#denied-how").textContent = denied ? howTo() : texts.no_camera_how;
  if (document.body.dataset.at === "call") say(denied ? texts.denied : texts.no_camera);
}

function howTo() {
  const agent = navigator.userAgent;
  if (/iPhone|iPad/.test(agent)) return texts.how_iphone;
  return /Android/.test(agent) ? texts.how_android : texts.how_desktop;
}

function preview() {
  for (const video of document.querySelectorAll("[data-self]")) {
    const track = devices.video;
    if (video.srcObject?.getVideoTracks()[0] !== track) video.srcObject = track ? new MediaStream([track]) : null;
    video.classList.toggle("mirrored", devices.facing === "user");
    video.hidden = !track;
  }
  $("#mute").setAttribute("aria-pressed", String(!chosen.microphone));
  $("#camera").setAttribute("aria-pressed", String(!devices.video));
  $("#switch").hidden = !devices.video || devices.cameras < 2;
  $("#torch").hidden = devices.torch === null;
  $("#torch").setAttribute("aria-pressed", String(Boolean(devices.torch)));
}

function tell(more = {}) {
  call.tell({
    audio: Boolean(devices.audio?.enabled),
    video: Boolean(devices.video),
    facing: devices.video ? devices.facing : null,
    cameras: devices.cameras,
    torch: devices.torch,
    ...more,
  });
}

async function turn(facing) {
  chosen.camera = true;
  devices.closeVideo();
  devices.facing = facing;
  await apply();
}

async function light(on) {
  if (devices.torch === null) return;
  await devices.light(on).catch(() => say(texts.no_torch));
  preview();
  tell();
}

/* What the officer's page asks for is offered; the resident decides */

const WISHES = {
  rear_camera: () => turn("environment"),
  front_camera: () => turn("user"),
  torch_on: () => light(true),
  torch_off: () => light(false),
  unmute: () => { chosen.microphone = true; return apply(); },
  camera_on: () => { chosen.camera = true; return apply(); },
};

call.addEventListener("request", ({ detail }) => {
  if (detail.what.startsWith("torch") && devices.torch === null) return;
  $("#wish-text").textContent = texts[`wish_${detail.what}`];
  $("#wish").hidden = false;
  $("#wish-yes").onclick = () => { $("#wish").hidden = true; WISHES[detail.what](); };
  $("#wish-yes").focus();
});
$("#wish-no").onclick = () => { $("#wish").hidden = true; };

/* The course of the call */

call.addEventListener("session", ({ detail }) => {
  if (["ended", "expired"].includes(detail.status)) return finish("over");
  if (!detail.you.present) return;
  const there = detail.people.some((one) => one.kind === "officer" && one.online);
  tiles.keep(detail.people.filter((one) => one.admitted && one.id !== officer()), texts.away);
  $("#server").textContent = { away: texts.server_away, fallback: texts.server_fallback }[detail.media] ?? "";
  $("#server").hidden = !$("#server").textContent;
  $("#officer-there").textContent = there ? texts.officer_there : texts.officer_not_there;
  if (call.inside && document.body.dataset.at === "waiting") {
    startedAt ||= Date.now();
    show("call");
  } else if (!call.inside && document.body.dataset.at === "call") show("waiting");
  apply();
});
call.addEventListener("stream", ({ detail }) => {
  const one = call.view.people.find(({ id }) => id === detail.id);
  if (detail.id === officer()) watch(detail.stream);
  else if (one) tiles.show(one, detail.stream);
});
call.addEventListener("moved", ({ detail }) => {
  say(["disconnected", "failed"].includes(detail.state) ? texts.reconnecting : "");
});
call.addEventListener("link", ({ detail }) => {
  $("#link").hidden = detail;
});
call.addEventListener("end", ({ detail }) => {
  if (detail.code === 4409) return finish("elsewhere");
  if (detail.code === 4411) return finish("after");
  return finish("over");
});

function watch(stream) {
  const video = $("#remote");
  delete video.dataset.seen;
  video.srcObject = stream;
  video.play().catch(() => {});
  tell({ seeing: false });
  whenSeen(video, () => {
    video.dataset.seen = "yes";
    tell({ seeing: true });
  });
}

/* The officer who has the large picture. */
function officer() {
  return call.view.people.find((one) => one.kind === "officer" && one.admitted)?.id;
}

function finish(step) {
  const minutes = startedAt ? Math.max(1, Math.round((Date.now() - startedAt) / 60000)) : 0;
  $("#summary").textContent = minutes ? texts.lasted.replace("{n}", minutes) : "";
  devices.close();
  preview();
  call.stop();
  stopMeter();
  say("");
  show(step);
}

/* Buttons */

const on = (id, act) => { $(id).onclick = act; };

on("#to-consent", () => show("consent"));
$("#consent-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  show("check");
  chosen.camera = marked(event.target).includes("view");
  await allow(marked(event.target));
  await check();
});

async function check() {
  await apply();
  $("#no-view").hidden = consents.has("view");
  if (devices.audio) {
    stopMeter();
    stopMeter = meter(devices.audio, (level) => { $("#level").value = level; });
  }
}

on("#again", check);
on("#talk-only", () => { chosen.camera = false; enter(); });
on("#write-only", () => { chosen.camera = chosen.microphone = false; enter(); });
on("#to-waiting", enter);

async function enter() {
  stopMeter();
  show("waiting");
  call.start();
  await apply();
}

on("#mute", () => { chosen.microphone = !chosen.microphone; apply(); });
on("#camera", () => { chosen.camera = !devices.video; apply(); });
on("#switch", () => turn(devices.facing === "user" ? "environment" : "user"));
on("#torch", () => light(!devices.torch));
on("#allowed", () => {
  const open = ($("#allow-form").hidden = !$("#allow-form").hidden);
  $("#allowed").setAttribute("aria-expanded", String(!open));
});
$("#allow-form").addEventListener("change", (event) => {
  if (event.target.dataset.scope === "view") chosen.camera = event.target.checked;
  allow(marked($("#allow-form")));
});
on("#chat-toggle", () => {
  const closed = ($("#chat").hidden = !$("#chat").hidden);
  $("#chat-toggle").setAttribute("aria-expanded", String(!closed));
  if (!closed) $("#chat input").focus();
});
on("#hang-up", async () => {
  finish("after");
  await ask(`${api}/departure`, { method: "POST" }).catch(() => {});
});
on("#come-back", async () => {
  await ask(`${api}/return`, { method: "POST" }).catch(() => {});
  location.reload();
});
on("#take-over", () => location.reload());
for (const exit of document.querySelectorAll("[data-exit]")) {
  exit.onclick = () => {
    devices.close();
    document.body.replaceChildren();
    document.title = "";
    location.replace(exit.dataset.exit);
  };
}
call.addEventListener("chat", ({ detail }) => {
  if (detail.from !== call.view?.you.id && $("#chat").hidden) $("#chat-toggle").click();
});

const now = await ask(api).catch(() => null);
if (!now || ["ended", "expired"].includes(now.status)) show("over");
else if (!now.present) show("after");
else {
  consents = new Set(now.consents);
  for (const box of boxes) box.checked = consents.has(box.dataset.scope);
  show("who");
}
