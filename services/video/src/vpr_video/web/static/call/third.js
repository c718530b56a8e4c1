/* The side of a third participant: wait, see everyone, speak, write, allow, leave. */

import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { Devices } from "./devices.js";
import { $, ask, calledAs, say, sayBroken, says, show, socketAddress, texts } from "./page.js";
import { Tiles } from "./tiles.js";
import { queue } from "./turns.js";

const { root, session, kind } = document.body.dataset;
const guest = !session;
const api = guest ? `${root}/v1/call` : `${root}/v1/sessions/${session}`;
let csrf = $("meta[name=csrf-token]").content;
const headers = () => (guest ? {} : { "X-CSRF-Token": csrf });
const send = (path, body, method = "POST") => ask(`${api}${path}`, { method, body, headers: headers(), keepalive: true });

const devices = new Devices();
const chosen = { camera: true, microphone: true };

const call = new Call({
  address: async () => socketAddress(guest ? `${api}/socket` : `${api}/socket?csrf_token=${encodeURIComponent(csrf)}`),
  probe: async () => {
    const now = await ask(api).catch(({ status }) => ({ gone: status }));
    if (now.gone === 401) location.reload();
    if (!guest) csrf = (await ask("/csrf").catch(() => ({ csrf_token: csrf }))).csrf_token;
    return ["ended", "expired"].includes(now.status) ? 4410 : now.gone === 403 ? 4403 : 0;
  },
});
new Chat(call, $("#chat"), texts);
const tiles = new Tiles($("#others"), texts);

/* The course of the call */

call.addEventListener("session", ({ detail }) => {
  if (["ended", "expired"].includes(detail.status)) return finish("over");
  const others = detail.people.filter((one) => one.admitted && one.id !== detail.you.id);
  tiles.keep(others, texts.away);
  $("#nobody").hidden = others.length > 0;
  $("#recording").hidden = !detail.recording;
  $("#people").replaceChildren(...detail.people.map(line));
  if (!decided) mark(detail.you.consents);
  $("#server").textContent = { away: texts.server_away, fallback: texts.server_fallback }[detail.media] ?? "";
  $("#server").hidden = !$("#server").textContent;
  const step = call.inside ? "call" : "waiting";
  if (document.body.dataset.at !== step) show(step);
});
call.addEventListener("stream", ({ detail }) => {
  const one = call.view.people.find(({ id }) => id === detail.id);
  if (one) tiles.show(one, detail.stream);
});
call.addEventListener("moved", ({ detail }) => {
  sayBroken(["disconnected", "failed"].includes(detail.state));
});
call.addEventListener("link", ({ detail }) => { $("#link").hidden = detail; });
call.addEventListener("end", ({ detail }) => {
  finish(detail.code === 4410 ? "over" : "after");
  if (detail.code === 4409) say(texts.elsewhere);
});

function line(one) {
  const mine = one.id === call.view.you.id ? ` (${texts.you})` : "";
  return Object.assign(document.createElement("li"), {
    textContent: says(`${calledAs(one, texts)}${mine}`, one.online ? texts.in_call : texts.away) });
}

function finish(step) {
  devices.close();
  call.stop();
  say("");
  show(step);
}

/* Our own camera and microphone: none of it is opened twice, nor once the call is left. */

const ofDevices = queue();
const open = () => ofDevices(settle);

async function settle() {
  const there = () => ["waiting", "call"].includes(document.body.dataset.at);
  try {
    if (chosen.microphone && !devices.audio && there()) await devices.openAudio();
    if (chosen.camera && !devices.video && there()) await devices.openVideo();
  } catch (error) {
    say(error.name === "NotAllowedError" ? texts.own_denied : texts.own_missing);
  }
  if (!chosen.camera) devices.closeVideo();
  if (devices.audio) devices.audio.enabled = chosen.microphone;
  for (const video of document.querySelectorAll("[data-self]")) {
    video.srcObject = devices.video ? new MediaStream([devices.video]) : null;
    video.hidden = !devices.video;
  }
  $("#mute").setAttribute("aria-pressed", String(!chosen.microphone));
  $("#camera").setAttribute("aria-pressed", String(!devices.video));
  await call.replace("audio", devices.audio);
  await call.replace("video", devices.video);
  call.tell({ audio: Boolean(devices.audio?.enabled), video: Boolean(devices.video) });
}

/* Buttons */

$("#join").onclick = async () => {
  try {
    await (guest ? send("/return") : send("/participants", { kind }));
  } catch (error) {
    if (guest && error.status === 409) return location.reload();
    return say(error.status === 403 ? texts.forbidden : error.status === 409 ? texts.in_another_place : texts.failed);
  }
  show("waiting");
  await open();
  call.start();
};
let leaving = Promise.resolve();
$("#again").onclick = () => leaving.then(() => location.reload());
$("#mute").onclick = () => { chosen.microphone = !chosen.microphone; open(); };
$("#camera").onclick = () => { chosen.camera = !chosen.camera; open(); };
$("#leave").onclick = () => {
  finish("after");
  leaving = send("/departure").catch(() => say(texts.failed));
};

/* What is allowed: told one after the other. Views say what held before, so they count only until something was decided. */

const boxes = [...document.querySelectorAll("#allow [data-scope]")];
const ofConsents = queue();
let decided = 0;

function mark(scopes) {
  for (const box of boxes) box.checked = scopes.includes(box.dataset.scope);
}

$("#allow").addEventListener("change", async () => {
  const scopes = boxes.filter((box) => box.checked).map((box) => box.dataset.scope);
  const turn = ++decided;
  const told = await ofConsents(() => send("/consents", { scopes }, "PUT")).catch(() => say(texts.failed));
  if (turn === decided) mark((told ?? call.view.you).consents);
});

show(document.body.dataset.over ? "over" : "before");
