/* A connection to the service that comes back by itself, with back-off, until it is told that it is over. */

const PROTOCOL = "vpr.call.1";
const FINAL = new Set([1003, 1009, 4400, 4403, 4409, 4410, 4411]);
const FIRST = 250;
const LONGEST = 8000;

export class Socket extends EventTarget {
  #address;
  #probe;
  #socket = null;
  #tries = 0;
  #timer = 0;
  #over = false;
  #life = 0;

  /* address: () => Promise of the URL; probe: () => Promise of a final code, or 0 when it is worth another try. */
  constructor(address, probe) {
    super();
    this.#address = address;
    this.#probe = probe;
    addEventListener("online", () => this.#now());
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /* Each connection has a number: what an earlier one still says or does counts no more. */
  async connect() {
    clearTimeout(this.#timer);
    this.#over = false;
    const life = ++this.#life;
    const before = this.#socket;
    this.#socket = null;
    before?.close();
    try {
      const address = await this.#address();
      if (life === this.#life) this.#open(new WebSocket(address, [PROTOCOL]), life);
    } catch {
      if (life === this.#life) this.#later();
    }
  }

  #open(socket, life) {
    const counts = () => life === this.#life;
    let opened = false;
    this.#socket = socket;
    socket.onopen = () => {
      opened = true;
      if (counts()) this.#tell("open");
    };
    socket.onmessage = (event) => {
      if (!counts()) return;
      this.#tries = 0;
      this.#tell("message", JSON.parse(event.data));
    };
    socket.onclose = async ({ code, reason }) => {
      if (!counts()) return;
      this.#tell("closed");
      const final = FINAL.has(code) ? code : opened ? 0 : await this.#probe().catch(() => 0);
      if (!counts()) return;
      if (final) this.#end(final, reason);
      else this.#later();
    };
  }

  send(message) {
    if (this.open) this.#socket.send(JSON.stringify(message));
    return this.open;
  }

  close() {
    this.#over = true;
    this.#life++;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
    this.#socket = null;
  }

  #later() {
    if (this.#over) return;
    clearTimeout(this.#timer);
    const wait = Math.min(LONGEST, FIRST * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.connect(), wait);
  }

  #now() {
    if (!this.open && !this.#over && this.#life) {
      this.#tries = 0;
      this.connect();
    }
  }

  #end(code, reason) {
    if (this.#over) return;
    this.#over = true;
    this.#tell("end", { code, reason });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
