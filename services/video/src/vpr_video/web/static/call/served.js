/* A recording that the media server makes: this page begins and stops it, and holds nothing of it. What the service says
   of the session is how it is; a page that was loaded anew finds the recording that runs. */

import { ask } from "./page.js";

const TYPE = "video/webm";
const SOON = 3000;

export class Served extends EventTarget {
  #base;
  #headers;
  #item = null;
  #begun = null;
  #stopping = false;
  #starting = false;

  /* base: where evidence of the session is. Events: changed, ended (it ended without us), stored, failed (the Error). */
  constructor(base, headers) {
    super();
    this.#base = base;
    this.#headers = headers;
  }

  get running() {
    return this.#starting || (this.#item ?? this.#begun) !== null;
  }

  /* item: the id of the recording that runs, or null, as the service says. */
  told(item) {
    const ended = this.#item && !item && !this.#stopping;
    if (!item) this.#stopping = false;
    if (item === this.#begun) this.#begun = null;
    this.#item = item;
    this.#changed();
    if (ended) this.dispatchEvent(new CustomEvent("ended"));
  }

  /* This page has no part in it any more. */
  forget() {
    this.#item = this.#begun = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("changed"));
  }

  async start() {
    if (this.running) return;
    this.#starting = true;
    this.#changed();
    try {
      const body = { kind: "recording", media_type: TYPE, method: "media_server", captured_at: new Date().toISOString() };
      const { id } = await ask(this.#base, { method: "POST", body, headers: this.#headers() });
      if (this.#item !== id) this.#expect(id);
    } finally {
      this.#starting = false;
      this.#changed();
    }
  }

  /* It counts as running until the service said so, or could have. */
  #expect(id) {
    this.#begun = id;
    setTimeout(() => {
      if (this.#begun !== id) return;
      this.#begun = null;
      this.#changed();
    }, SOON);
  }

  async stop() {
    const item = this.#item ?? this.#begun;
    if (!item) return;
    this.#stopping = true;
    try {
      await ask(`${this.#base}/${item}/stop`, { method: "POST", headers: this.#headers() });
      this.#item = this.#begun = null;
      this.dispatchEvent(new CustomEvent("stored"));
    } catch (error) {
      this.#stopping = false;
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
    this.#changed();
  }
}
