/* The resident's own devices on the page: what is wrong with them and what helps, their buttons, and the officer's wishes. */

import { $, say, texts } from "./page.js";

export function ownDevices(sending, call) {
  const { devices, chosen } = sending;

  /* Whoever cannot be seen or heard is told why, what to do, and how to go on without. */
  sending.addEventListener("settled", ({ detail: [error] }) => {
    const lacking = Boolean(error && sending.wanting);
    $("#denied").hidden = !lacking;
    $("#to-waiting").hidden = lacking;
    if (!error) return;
    const denied = error.name === "NotAllowedError";
    $("#denied-why").textContent = denied ? texts.denied : texts.no_camera;
    $("#denied-how").textContent = denied ? howTo() : texts.no_camera_how;
    if (document.body.dataset.at === "call") say(denied ? texts.denied : texts.no_camera);
  });

  sending.addEventListener("changed", () => {
    for (const video of document.querySelectorAll("[data-self]")) {
      const track = devices.video;
      if (video.srcObject?.getVideoTracks()[0] !== track) video.srcObject = track ? new MediaStream([track]) : null;
      video.classList.toggle("mirrored", devices.facing === "user");
      video.hidden = !track && !sending.opening;
    }
    $("#mute").setAttribute("aria-pressed", String(!chosen.microphone));
    $("#camera").setAttribute("aria-pressed", String(!devices.video));
    $("#switch").hidden = !devices.video || devices.cameras < 2;
    $("#torch").hidden = devices.torch === null;
    $("#torch").setAttribute("aria-pressed", String(Boolean(devices.torch)));
    for (const one of document.querySelectorAll("[data-save]")) one.setAttribute("aria-pressed", String(devices.saving));
    const zoom = devices.zoom;
    $("#zooming").hidden = zoom === null;
    if (zoom) Object.assign($("#zoom"), { min: zoom.min, max: zoom.max, step: (zoom.max - zoom.min) / 20, value: zoom.now });
  });

  const light = (on) => sending.light(on).catch(() => say(texts.no_torch));
  const closer = (by) => sending.enlarge((devices.zoom?.now ?? 1) * by).catch(() => say(texts.no_zoom));

  /* What the officer's page asks for is offered, once the device is as it is to be; the resident decides. */
  const WISHES = {
    rear_camera: () => sending.turn("environment"),
    front_camera: () => sending.turn("user"),
    torch_on: () => light(true),
    torch_off: () => light(false),
    zoom_in: () => closer(1.5),
    zoom_out: () => closer(1 / 1.5),
    unmute: () => { chosen.microphone = true; return sending.apply(); },
    camera_on: () => { chosen.camera = true; return sending.apply(); },
  };

  call.addEventListener("request", async ({ detail }) => {
    await sending.apply();
    if (detail.what.startsWith("torch") && devices.torch === null) return;
    if (detail.what.startsWith("zoom") && devices.zoom === null) return;
    $("#wish-text").textContent = texts[`wish_${detail.what}`];
    $("#wish").hidden = false;
    $("#wish-yes").onclick = () => { $("#wish").hidden = true; WISHES[detail.what](); };
    $("#wish-yes").focus();
  });
  $("#wish-no").onclick = () => { $("#wish").hidden = true; };

  const on = (id, act) => { $(id).onclick = act; };
  on("#mute", () => { chosen.microphone = !chosen.microphone; sending.apply(); });
  on("#camera", () => { chosen.camera = !devices.video; sending.apply(); });
  on("#switch", () => sending.turn(devices.facing === "user" ? "environment" : "user"));
  on("#torch", () => light(!devices.torch));
  $("#zoom").oninput = (event) => sending.enlarge(Number(event.target.value)).catch(() => say(texts.no_zoom));
  for (const one of document.querySelectorAll("[data-save]")) one.onclick = () => sending.save(!devices.saving);
}

function howTo() {
  const agent = navigator.userAgent;
  if (/iPhone|iPad/.test(agent)) return texts.how_iphone;
  return /Android/.test(agent) ? texts.how_android : texts.how_desktop;
}
