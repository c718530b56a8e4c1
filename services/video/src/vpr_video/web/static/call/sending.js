/* What the resident's device sends: on where it is allowed, wanted, and part of how the call goes on.
   Listen to: settled (detail: what failed), changed (the preview and the buttons). */

import { Devices } from "./devices.js";
import { queue } from "./turns.js";

const FEW_BITS = 180_000;
export const canCall = Boolean(window.RTCPeerConnection && navigator.mediaDevices?.getUserMedia);

export class Sending extends EventTarget {
  devices = new Devices();
  chosen = { camera: canCall, microphone: canCall };
  consents = new Set();
  #call;
  #idle;
  #failed = false;
  #inTurn = queue();

  /* idle: () => whether the page is at a step at which nothing is opened. */
  constructor(call, idle) {
    super();
    this.#call = call;
    this.#idle = idle;
    this.devices.saving = Boolean(navigator.connection?.saveData);
    if (this.devices.saving) call.limit(FEW_BITS);
  }

  get mayShow() {
    return this.consents.has("view") && ["video", null, undefined].includes(this.#call.view?.mode);
  }

  get maySpeak() {
    return ["video", "audio", null, undefined].includes(this.#call.view?.mode);
  }

  get wanting() {
    const { audio, video } = this.devices;
    return (this.chosen.camera && this.mayShow && !video) || (this.chosen.microphone && this.maySpeak && !audio);
  }

  /* Whether a picture of the camera is there or to come. */
  get opening() {
    return this.chosen.camera && this.mayShow && !this.#failed;
  }

  apply() {
    return this.#inTurn(() => this.#settle());
  }

  async stopCamera() {
    this.devices.closeVideo();
    this.#changed();
    await this.#call.replace("video", null);
  }

  async turn(facing) {
    this.chosen.camera = true;
    await this.#inTurn(() => this.#anew(facing));
  }

  /* Open the camera again: what is under way opened it as it was wanted before. */
  async #anew(facing = this.devices.facing) {
    this.devices.closeVideo();
    this.devices.facing = facing;
    await this.#settle();
  }

  async light(on) {
    if (this.devices.torch === null) return;
    await this.devices.light(on);
    this.#changed();
    this.tell();
  }

  async enlarge(to) {
    if (this.devices.zoom === null) return;
    await this.devices.enlarge(to);
    this.#changed();
    this.tell();
  }

  /* A small picture, from here and to here. */
  async save(on) {
    this.devices.saving = on;
    this.#call.limit(on ? FEW_BITS : null);
    await this.#inTurn(() => this.devices.video && this.#anew());
    this.#changed();
    this.tell();
  }

  tell(more = {}) {
    const { audio, video, facing, cameras, torch, zoom, saving } = this.devices;
    this.#call.tell({
      audio: Boolean(audio?.enabled), video: Boolean(video), facing: video ? facing : null, cameras, torch, zoom, saving,
      ...more,
    });
  }

  async #settle() {
    if (this.#idle()) return;
    const { devices, chosen } = this;
    const failures = [];
    const wanted = chosen.camera && this.mayShow;
    if (!wanted && devices.video) await this.stopCamera();
    if (wanted && !devices.video) await devices.openVideo().catch((error) => failures.push(error));
    if (!(chosen.camera && this.mayShow)) await this.stopCamera();
    this.#failed = failures.length > 0;
    if (!this.maySpeak && devices.audio) {
      devices.audio.stop();
      devices.audio = null;
    }
    if (this.maySpeak && !devices.audio && chosen.microphone && !this.#idle()) {
      await devices.openAudio().catch((error) => failures.push(error));
    }
    if (devices.audio) devices.audio.enabled = chosen.microphone;
    this.dispatchEvent(new CustomEvent("settled", { detail: failures }));
    this.#changed();
    await this.#call.replace("audio", devices.audio);
    await this.#call.replace("video", devices.video);
    this.tell();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("changed"));
  }
}
