/* What the officer secures: snapshots with a note, a recording, and the list of all that the session has. */

import { $, ask, say, texts } from "./page.js";
import { Recorder } from "./recorder.js";
import { Served } from "./served.js";
import { Shelf } from "./shelf.js";
import { inOrder, keep } from "./turns.js";
import { sendFile } from "./uploads.js";

const EVERY = 10_000;
const WHILE_SENT = 1000;
const LONGEST = 10_000;

export class Evidence {
  #base;
  #headers;
  #call;
  #resident;
  #recorder;
  #served;
  #records = "page";
  #allowed = new Set();
  #items = inOrder(() => ask(this.#base).catch(() => null));

  /* base: where evidence of the session is sent; resident: () => id of who is in the call, or null. */
  constructor({ base, headers, call, resident }) {
    this.#base = base;
    this.#headers = headers;
    this.#call = call;
    this.#resident = resident;
    this.#recorder = new Recorder(base, headers, new Shelf());
    this.#recorder.addEventListener("changed", () => this.#show());
    this.#recorder.addEventListener("stored", () => this.list());
    this.#recorder.addEventListener("failed", ({ detail }) => this.#refused(detail));
    this.#served = new Served(base, headers);
    this.#served.addEventListener("changed", () => this.#show());
    this.#served.addEventListener("stored", () => this.list());
    this.#served.addEventListener("failed", ({ detail }) => this.#refused(detail));
    this.#served.addEventListener("ended", () => this.#ended());
    $("#snapshot-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#snapshot(event.target.elements.note);
    });
    $("#record").onclick = () => (this.#running ? this.#halt() : this.#record());
    this.#recorder.resume().then(() => this.list());
    setInterval(() => this.list(), EVERY);
  }

  /* Where a recording would be made now, "media_server" or "page", and the id of the one that the server makes. */
  told({ records, served_recording: item }) {
    this.#records = records;
    this.#served.told(item);
  }

  get #running() {
    return this.#recorder.running || this.#served.running;
  }

  /* scopes: what the resident allows now. What is taken back stops here and now. */
  allow(scopes) {
    if (this.#allowed.has("record") && !scopes.includes("record") && this.#recorder.running) {
      this.#recorder.abandon();
      say(texts.record_withdrawn);
    }
    this.#allowed = new Set(scopes);
    this.#show();
  }

  /* This page is not in the call any more. What the media server records, the service ends, or a page that follows. */
  stop() {
    this.#recorder.stop();
    this.#served.forget();
  }

  #halt() {
    this.#recorder.stop();
    this.#served.stop();
  }

  /* Before the session ends: what was recorded is stored first. */
  async finished() {
    await Promise.all([this.#recorder.finished(LONGEST), this.#served.stop()]);
  }

  /* The service ended what the media server recorded. */
  #ended() {
    say(this.#resident() && !this.#allowed.has("record") ? texts.record_withdrawn : texts.record_ended);
    this.list();
  }

  async #record() {
    const peer = this.#call.way(this.#resident());
    if (!peer) return;
    const begun = this.#records === "media_server" ? this.#served.start()
      : this.#recorder.start(peer.stream, this.#allowed.has("view"));
    await begun.catch((error) => this.#refused(error));
    this.list();
  }

  async #snapshot(note) {
    const blob = await pictureOf($("#remote"));
    if (!blob) return say(texts.no_frame);
    const item = { kind: "snapshot", media_type: "image/png", captured_at: new Date().toISOString() };
    if (note.value.trim()) item.note = note.value.trim();
    $("#snapshot").disabled = true;
    try {
      await sendFile(this.#base, blob, item, { headers: this.#headers });
      note.value = "";
      say(texts.snapshot_stored);
      await this.list();
    } catch (error) {
      this.#refused(error);
    }
    this.#show();
  }

  #refused(error) {
    const why = { no_consent: texts.no_consent, consent_withdrawn: texts.record_withdrawn,
      evidence_off: texts.evidence_off, storage_full: texts.storage_full,
      not_through_media_server: texts.server_away };
    say(why[error.code] ?? texts.failed);
    this.list();
  }

  #show() {
    const running = this.#running;
    const here = Boolean(this.#resident());
    $("#snapshot").disabled = !(here && this.#allowed.has("snapshot") && this.#allowed.has("view"));
    $("#record").hidden = !Recorder.possible && this.#records === "page" && !running;
    $("#record").disabled = !running && !(here && this.#allowed.has("record"));
    $("#record").setAttribute("aria-pressed", String(running));
    $("#record").textContent = running ? texts.record_stop : texts.record;
    const waiting = this.#recorder.waiting;
    $("#record-said").textContent = waiting > 3 ? texts.record_waiting.replace("{n}", waiting) : "";
  }

  async list() {
    const items = await this.#items();
    if (!items) return;
    if (items.some((one) => ["open", "closing"].includes(one.state))) {
      clearTimeout(this.again);
      this.again = setTimeout(() => this.list(), WHILE_SENT);
    }
    keep($("#evidence-list"), items.filter((one) => one.state !== "discarded"), (one) => this.#row(one));
    $("#evidence-none").hidden = items.length > 0;
  }

  #row(item) {
    const row = document.createElement("li");
    const head = document.createElement("strong");
    const when = new Date(item.captured_at ?? item.opened_at).toLocaleTimeString(document.documentElement.lang);
    head.textContent = `${texts[`kind_${item.kind}`]}, ${when}`;
    row.append(head);
    if (item.note ?? item.name) line(row, item.note ?? item.name);
    const served = item.method === "media_server";
    const state = served && item.state === "open" ? "state_recorded" : `state_${item.state}`;
    if (item.state !== "captured") line(row, texts[state]);
    if (item.incomplete) line(row, served ? texts.ended_early : texts.incomplete);
    if (item.part_of) line(row, texts.part);
    if (item.sha256) {
      const hash = Object.assign(document.createElement("code"), { textContent: item.sha256, title: "SHA-256" });
      row.append(hash);
      const look = Object.assign(document.createElement("a"), { textContent: texts.look, target: "_blank",
        href: `${this.#base}/${item.id}/content`, rel: "noopener" });
      row.append(look, ` ${size(item.size)}`);
    }
    return row;
  }
}

function line(row, text) {
  row.append(Object.assign(document.createElement("p"), { textContent: text }));
}

function size(bytes) {
  const large = bytes >= 100_000;
  const unit = { style: "unit", unit: large ? "megabyte" : "kilobyte", maximumFractionDigits: large ? 1 : 0 };
  return (large ? bytes / 1_000_000 : Math.max(1, bytes / 1000)).toLocaleString(document.documentElement.lang, unit);
}

/* The picture that a video shows now, as PNG; null where it shows none. */
function pictureOf(video) {
  if (!video.videoWidth) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
