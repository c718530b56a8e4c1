/* A recording of what the resident sends: WebM in chunks of a second, each sent while the next one is made. */

import { Upload } from "./uploads.js";

const TYPE = "video/webm;codecs=vp8,opus";
const SOUND = "audio/webm;codecs=opus";
const SECOND = 1000;
const BITS = 1_500_000;

export class Recorder extends EventTarget {
  #base;
  #headers;
  #shelf;
  #recorder = null;
  #upload = null;
  #starting = null;
  #resuming = Promise.resolve();
  #finishing = Promise.resolve();

  /* base: where evidence of the session is sent. Events: changed, stored (the item), failed (the Error). */
  constructor(base, headers, shelf) {
    super();
    this.#base = base;
    this.#headers = headers;
    this.#shelf = shelf;
  }

  static get possible() {
    return Boolean(window.MediaRecorder?.isTypeSupported(TYPE));
  }

  get running() {
    return Boolean(this.#starting) || this.#recorder?.state === "recording";
  }

  /* pictures: whether the resident may be seen now; without, the sound alone is recorded. Not begun if it is stopped
     before its item is there. */
  async start(stream, pictures) {
    if (this.running) return;
    const starting = (this.#starting = {});
    this.#changed();
    try {
      await this.#resuming;
      const type = pictures ? TYPE : SOUND;
      const item = { kind: "recording", media_type: TYPE, captured_at: new Date().toISOString() };
      const upload = await Upload.open(this.#base, item, this.#headers, this.#shelf);
      if (this.#starting !== starting) return upload.drop();
      this.#begin(pictures ? stream : new MediaStream(stream.getAudioTracks()), type, upload);
    } finally {
      if (this.#starting === starting) this.#starting = null;
      this.#changed();
    }
  }

  #begin(stream, mimeType, upload) {
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: BITS });
    this.#recorder = recorder;
    this.#upload = upload;
    upload.addEventListener("progress", () => this.#changed());
    upload.addEventListener("waiting", () => this.#changed());
    upload.addEventListener("refused", () => this.stop());
    recorder.ondataavailable = ({ data }) => upload.add(data);
    this.#finishing = new Promise((resolve) => { recorder.onstop = () => resolve(this.#finish(upload)); });
    recorder.onerror = () => recorder.state === "recording" && recorder.stop();
    recorder.start(SECOND);
    this.#changed();
  }

  /* How many seconds were made and are not acknowledged yet. */
  get waiting() {
    return this.#upload?.left ?? 0;
  }

  stop() {
    this.#starting = null;
    if (this.#recorder?.state === "recording") this.#recorder.stop();
    this.#changed();
  }

  /* Stop, and wait until all is stored, also what was stopped before, but not for ever. */
  async finished(most) {
    this.stop();
    await Promise.race([this.#finishing, new Promise((resolve) => setTimeout(resolve, most))]);
  }

  /* Consent was taken back: what was not sent before is not sent any more; the service closes the item by itself. */
  abandon() {
    this.#upload?.drop();
    this.stop();
  }

  /* What an earlier life of this page recorded and could not send. */
  resume() {
    return (this.#resuming = this.#resume().catch((error) => console.warn("resume", error.name)));
  }

  async #resume() {
    for (const left of await this.#shelf.left(this.#base)) {
      const upload = await Upload.resumed(left, this.#headers, this.#shelf);
      if (upload) await this.#finish(upload);
    }
  }

  async #finish(upload) {
    try {
      const item = await upload.finish();
      if (item) this.dispatchEvent(new CustomEvent("stored", { detail: item }));
    } catch (error) {
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("changed"));
  }
}
