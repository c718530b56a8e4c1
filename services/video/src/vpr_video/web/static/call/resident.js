/* The resident's side: what will be seen, consent, a look at the camera, the waiting room, the call, what comes after. */

import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { meter } from "./devices.js";
import { $, ask, say, sayBroken, show, socketAddress, texts, whenSeen } from "./page.js";
import { ownDevices } from "./own.js";
import { Sending, canCall } from "./sending.js";
import { Tiles } from "./tiles.js";
import { queue } from "./turns.js";
import { follow, showPlace, summarise } from "./waiting.js";

const root = document.body.dataset.root;
const api = `${root}/v1/call`;
const OVER = 4410;
const IDLE = ["who", "consent", "after", "over", "elsewhere"];

const call = new Call({
  address: async () => socketAddress(`${api}/socket`),
  probe: async () => {
    const now = await ask(api).catch(({ status }) => ({ gone: status === 401 }));
    return now.gone || ["ended", "expired"].includes(now.status) ? OVER : now.present === false ? 4411 : 0;
  },
});
new Chat(call, $("#chat"), texts);
const tiles = new Tiles($("#others"), texts);
const sending = new Sending(call, () => IDLE.includes(document.body.dataset.at));
const { devices, chosen } = sending;
ownDevices(sending, call);

let startedAt = 0;
let stopMeter = () => {};
let stopFollowing = () => {};
let whereabouts = null;

/* Consent */

const boxes = [...document.querySelectorAll("input[data-scope]")];

function marked(form) {
  return boxes.filter((box) => box.form === form && box.checked).map((box) => box.dataset.scope);
}

const inTurn = queue();
let latest = 0;

/* What is no longer allowed stops here and now, before anybody is told. Told one after the other: an answer that a later
   decision overtook says nothing about what holds now. */
async function allow(scopes) {
  const turn = ++latest;
  const before = sending.consents;
  sending.consents = new Set(scopes);
  const stopped = sending.consents.has("view") ? null : sending.stopCamera();
  whereabouts?.show(sending.consents.has("location") && before.has("location"));
  await inTurn(async () => {
    await stopped;
    await save(scopes, before, turn);
  });
}

async function save(scopes, before, turn) {
  try {
    const told = await ask(`${api}/consents`, { method: "PUT", body: { scopes } });
    if (turn === latest) sending.consents = new Set(told.consents);
  } catch (error) {
    if (turn === latest && !before.has("view")) sending.consents.delete("view");
    say(texts.not_saved);
    if (error.status === 401) show("over");
  }
  if (turn !== latest) return;
  for (const box of boxes) box.checked = sending.consents.has(box.dataset.scope);
  whereabouts?.show(sending.consents.has("location"));
  await sending.apply();
}

/* The course of the call */

call.addEventListener("session", ({ detail }) => {
  if (["ended", "expired"].includes(detail.status)) return finish("over");
  if (!detail.you.present) return;
  const there = detail.people.some((one) => one.kind === "officer" && one.online);
  tiles.keep(detail.people.filter((one) => one.admitted && one.id !== officer()), texts.away);
  $("#server").textContent = { away: texts.server_away, fallback: texts.server_fallback }[detail.media] ?? "";
  $("#server").hidden = !$("#server").textContent;
  $("#officer-there").textContent = there ? texts.officer_there : texts.officer_not_there;
  $("#recording").hidden = !detail.recording;
  showPlace(detail.place);
  if (call.inside && document.body.dataset.at === "waiting") enterCall();
  else if (!call.inside && document.body.dataset.at === "call") wait();
  document.body.dataset.mode = detail.mode ?? "";
  if (detail.mode === "chat" && $("#chat").hidden) $("#chat-toggle").click();
  if (detail.mode === "upload" && $("#photos").hidden) $("#photo-toggle").click();
  sending.apply();
});
call.addEventListener("stream", ({ detail }) => {
  const one = call.view.people.find(({ id }) => id === detail.id);
  if (detail.id === officer()) watch(detail.stream);
  else if (one) tiles.show(one, detail.stream);
});
call.addEventListener("moved", ({ detail }) => {
  sayBroken(["disconnected", "failed"].includes(detail.state));
});
call.addEventListener("link", ({ detail }) => { $("#link").hidden = detail; });
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
  sending.tell({ seeing: false });
  whenSeen(video, async () => {
    video.dataset.seen = "yes";
    await sending.apply(); // who is about to be seen is not yet one who is only heard
    if (video.srcObject === stream) sending.tell({ seeing: true });
  });
}

/* The officer who has the large picture. */
function officer() {
  return call.view.people.find((one) => one.kind === "officer" && one.admitted)?.id;
}

function wait() {
  stopFollowing();
  stopFollowing = follow(api);
  show("waiting");
}

/* What is needed in the call alone is loaded with it. */
async function enterCall() {
  stopFollowing();
  startedAt ||= Date.now();
  show("call");
  if (whereabouts) return;
  const [{ Whereabouts }, { photos }] = await Promise.all([import("./whereabouts.js"), import("./photos.js")]);
  whereabouts ??= new Whereabouts(api);
  whereabouts.show(sending.consents.has("location"));
  photos(`${api}/evidence`);
}

function finish(step) {
  stopFollowing();
  whereabouts?.stop();
  devices.close();
  sending.dispatchEvent(new CustomEvent("changed"));
  call.stop();
  stopMeter();
  say("");
  show(step);
  if (step !== "elsewhere") summarise(api, startedAt ? Math.max(1, Math.round((Date.now() - startedAt) / 60000)) : 0);
}

/* Buttons */

const on = (id, act) => { $(id).onclick = act; };

on("#to-consent", () => show("consent"));
$("#consent-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  show("check");
  chosen.camera = canCall && marked(event.target).includes("view");
  const allowed = allow(marked(event.target));
  lay();
  await allowed;
  await check();
});

/* What the look at camera and microphone needs has its place at once, so that no button moves away under a finger. */
function lay() {
  $("#no-view").hidden = sending.consents.has("view");
  $("#old-browser").hidden = canCall;
  $("#loudness").hidden = !chosen.microphone;
}

async function check() {
  await sending.apply();
  lay();
  if (!devices.audio) $("#loudness").hidden = true;
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
  wait();
  call.start();
  await sending.apply();
}


/* A button that opens and closes what it controls. */
function toggling(button) {
  const panel = document.getElementById(button.getAttribute("aria-controls"));
  button.onclick = () => {
    const closed = (panel.hidden = !panel.hidden);
    button.setAttribute("aria-expanded", String(!closed));
    if (!closed) (panel.querySelector("input:not([type=file]), button") ?? panel).focus();
  };
}

document.querySelectorAll("[aria-controls]").forEach(toggling);
$("#allow-form").addEventListener("change", (event) => {
  if (event.target.dataset.scope === "view") chosen.camera = canCall && event.target.checked;
  allow(marked($("#allow-form")));
});
let leaving = Promise.resolve();
on("#hang-up", () => {
  finish("after");
  leaving = ask(`${api}/departure`, { method: "POST", keepalive: true }).catch(() => {});
});
on("#come-back", async () => {
  await leaving;
  await ask(`${api}/return`, { method: "POST" }).catch(() => {});
  location.reload();
});
on("#take-over", () => location.reload());
for (const exit of document.querySelectorAll("[data-exit]")) {
  exit.onclick = (event) => {
    event.preventDefault();
    devices.close();
    fetch(exit.form.action, { method: "POST", keepalive: true, redirect: "manual" }).catch(() => {});
    document.body.replaceChildren();
    document.title = "";
    location.replace(exit.dataset.exit);
  };
}
call.addEventListener("chat", ({ detail }) => {
  if (detail.from !== call.view?.you.id && $("#chat").hidden) $("#chat-toggle").click();
});

/* How the call stands; null for who has no part in it. A service that is away for a moment is asked again. */
async function standing() {
  try {
    return await ask(api);
  } catch ({ status }) {
    if ([401, 403, 404].includes(status)) return null;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return standing();
  }
}

standing().then((now) => {
  if (!now || ["ended", "expired"].includes(now.status)) return finish("over");
  if (!now.present) return finish("after");
  sending.consents = new Set(now.consents);
  for (const box of boxes) box.checked = sending.consents.has(box.dataset.scope);
  return show("who");
});
