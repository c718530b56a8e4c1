/* Evidence on its way: opened, sent in numbered chunks, completed. What was not acknowledged is sent again, after a break
   from where the service says; with a shelf it outlives the page as well. */

import { ask } from "./page.js";

const FIRST = 500;
const LONGEST = 8000;
const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504, 507]);

export class Upload extends EventTarget {
  #url;
  #headers;
  #shelf;
  #waiting = new Map();
  #added = 0;
  #next = 0;
  #ended = false;
  #over = false;
  #running = null;
  #tries = 0;

  /* url: the item's; headers: () => what requests need; shelf: where chunks wait that must outlive the page, or null. */
  constructor(url, headers = () => ({}), shelf = null) {
    super();
    this.#url = url;
    this.#headers = headers;
    this.#shelf = shelf;
  }

  /* Open an item below base. Rejects with the Error of ask. */
  static async open(base, item, headers = () => ({}), shelf = null) {
    const told = await ask(base, { method: "POST", body: item, headers: headers() });
    await shelf?.open(told.id, base);
    const upload = new Upload(`${base}/${told.id}`, headers, shelf);
    upload.id = told.id;
    upload.limit = told.chunk_limit;
    return upload;
  }

  /* Go on with what an earlier life of the page left on the shelf. */
  static resumed({ id, base, chunks }, headers, shelf) {
    const upload = new Upload(`${base}/${id}`, headers, shelf);
    upload.id = id;
    upload.#waiting = new Map(chunks);
    upload.#added = Math.max(-1, ...upload.#waiting.keys()) + 1;
    upload.#next = Math.min(upload.#added, ...upload.#waiting.keys());
    return upload;
  }

  get left() {
    return this.#added - this.#next;
  }

  add(blob) {
    if (this.#over || !blob.size) return;
    const sequence = this.#added++;
    this.#waiting.set(sequence, blob);
    this.#shelf?.put(this.id, sequence, blob);
    this.#go();
  }

  /* Nothing more comes: the item as it is then. Rejects with the Error of a refusal. */
  finish(sha256) {
    this.#ended = true;
    this.sha256 = sha256;
    return this.#go();
  }

  /* Nothing of what waits is sent any more. */
  drop() {
    this.#over = true;
    this.#waiting.clear();
    this.#shelf?.forget(this.id);
  }

  #go() {
    return (this.#running ??= this.#send().finally(() => { this.#running = null; }))
      .then((item) => item ?? (this.#ended && !this.#over ? this.#go() : null));
  }

  async #send() {
    while (!this.#over) {
      try {
        if (this.#next < this.#added) await this.#one();
        else if (!this.#ended) return null;
        else return await this.#complete();
        this.#tries = 0;
      } catch (error) {
        await this.#failed(error);
      }
    }
    return null;
  }

  async #one() {
    const sequence = this.#next;
    await ask(`${this.#url}/chunks/${sequence}`, {
      method: "PUT", body: this.#waiting.get(sequence), headers: this.#headers() });
    this.#acknowledged(sequence + 1);
    this.dispatchEvent(new CustomEvent("progress", { detail: { sent: this.#next, of: this.#added } }));
  }

  async #complete() {
    const body = { chunks: this.#added, ...(this.sha256 ? { sha256: this.sha256 } : {}) };
    const item = await ask(`${this.#url}/completion`, { method: "POST", body, headers: this.#headers() });
    this.#shelf?.forget(this.id);
    this.#over = true;
    return item;
  }

  #acknowledged(next) {
    for (let one = this.#next; one < next; one++) {
      this.#waiting.delete(one);
      this.#shelf?.take(this.id, one);
    }
    this.#next = next;
  }

  /* A refusal ends it; after a break the service says where to go on. */
  async #failed(error) {
    const passing = error.status === undefined || AGAIN.has(error.status) || error.code === "expected_sequence";
    if (!passing) {
      this.drop();
      throw error;
    }
    const wait = Math.min(LONGEST, FIRST * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    this.dispatchEvent(new CustomEvent("waiting"));
    await new Promise((resolve) => setTimeout(resolve, wait));
    const now = await ask(this.#url, { headers: this.#headers() }).catch(() => null);
    if (now && now.next_sequence > this.#next) this.#acknowledged(Math.min(now.next_sequence, this.#added));
  }
}

/* A file in its chunks, with its hash where the browser can make one of it. */
export async function sendFile(base, file, item, { headers, progress, most = 1024 * 1024 }) {
  const upload = await Upload.open(base, item, headers);
  upload.addEventListener("progress", ({ detail }) => progress(detail.sent / detail.of));
  const size = Math.min(upload.limit, most);
  for (let start = 0; start < file.size; start += size) upload.add(file.slice(start, start + size));
  return upload.finish(await hashOf(file));
}

const HASHED = 64 * 1024 * 1024;

async function hashOf(file) {
  if (!crypto.subtle || file.size > HASHED) return null;
  const made = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(made)].map((one) => one.toString(16).padStart(2, "0")).join("");
}
