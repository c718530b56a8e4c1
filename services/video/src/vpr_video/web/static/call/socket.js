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

  async connect() {
    clearTimeout(this.#timer);
    if (this.#over) return;
    let opened = false;
    try {
      this.#socket = new WebSocket(await this.#address(), [PROTOCOL]);
    } catch {
      return this.#later();
    }
    const socket = this.#socket;
    socket.onopen = () => {
      opened = true;
      this.#tell("open");
    };
    socket.onmessage = (event) => {
      this.#tries = 0;
      this.#tell("message", JSON.parse(event.data));
    };
    socket.onclose = async ({ code, reason }) => {
      if (socket !== this.#socket) return;
      this.#tell("closed");
      const final = FINAL.has(code) ? code : opened ? 0 : await this.#probe().catch(() => 0);
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
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #later() {
    if (this.#over) return;
    const wait = Math.min(LONGEST, FIRST * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.connect(), wait);
  }

  #now() {
    if (!this.open && !this.#over) {
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
