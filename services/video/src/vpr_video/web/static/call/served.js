/* A recording that the media server makes: this page begins and stops it, and holds nothing of it. What the service says
   of the session is how it is; a page that was loaded anew finds the recording that runs. */

import { ask } from "./page.js";

const TYPE = "video/webm";

export class Served extends EventTarget {
  #base;
  #headers;
  #item = null;
  #stopping = false;
  #starting = false;

  /* base: where evidence of the session is. Events: changed, ended (it ended without us), stored, failed (the Error). */
  constructor(base, headers) {
    super();
    this.#base = base;
    this.#headers = headers;
  }

  get running() {
    return this.#starting || this.#item !== null;
  }

  /* item: the id of the recording that runs, or null, as the service says. */
  told(item) {
    const ended = this.#item && !item && !this.#stopping;
    if (!item) this.#stopping = false;
    this.#item = item;
    this.dispatchEvent(new CustomEvent("changed"));
    if (ended) this.dispatchEvent(new CustomEvent("ended"));
  }

  async start() {
    if (this.running) return;
    this.#starting = true;
    this.dispatchEvent(new CustomEvent("changed"));
    try {
      const body = { kind: "recording", media_type: TYPE, method: "media_server", captured_at: new Date().toISOString() };
      this.#item = (await ask(this.#base, { method: "POST", body, headers: this.#headers() })).id;
    } finally {
      this.#starting = false;
      this.dispatchEvent(new CustomEvent("changed"));
    }
  }

  async stop() {
    const item = this.#item;
    if (!item) return;
    this.#stopping = true;
    try {
      await ask(`${this.#base}/${item}/stop`, { method: "POST", headers: this.#headers() });
      this.#item = null;
      this.dispatchEvent(new CustomEvent("stored"));
    } catch (error) {
      this.#stopping = false;
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
    }
    this.dispatchEvent(new CustomEvent("changed"));
  }
}
