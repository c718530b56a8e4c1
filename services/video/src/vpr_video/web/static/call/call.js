/* A call: the socket, the other participants, and what is sent to them. Pages listen to its events:
   session (the view), state, request, chat, history, stream, moved, end, link (whether signalling is there). */

import { Peer } from "./peer.js";
import { Socket } from "./socket.js";

export class Call extends EventTarget {
  view = null;
  states = new Map();
  peers = new Map();
  #run = crypto.randomUUID();
  #socket;
  #ice;
  #greeted = false;
  #configuration = null;
  #local = { audio: null, video: null };
  #bits = null;
  #state = {};

  /* address and probe as Socket takes them; ice: () => Promise of the configuration for RTCPeerConnection. */
  constructor({ address, probe, ice }) {
    super();
    this.#ice = ice;
    this.#socket = new Socket(address, probe);
    this.#socket.addEventListener("open", () => this.#linked(true));
    this.#socket.addEventListener("closed", () => this.#linked(false));
    this.#socket.addEventListener("end", ({ detail }) => this.#ended(detail));
    this.#socket.addEventListener("message", ({ detail }) => this.#take(detail));
  }

  /* Also after the end of an earlier life: the others begin anew with us. */
  start() {
    this.#run = crypto.randomUUID();
    this.#socket.connect();
  }

  get inside() {
    return Boolean(this.view?.you.present && this.view.you.admitted);
  }

  send(message) {
    return this.#socket.send(message);
  }

  /* Tell the others how this device is, now and to whoever comes. */
  tell(state) {
    this.#state = { ...this.#state, ...state };
    if (this.inside) this.send({ type: "state", ...this.#state });
  }

  /* Send this track (or none) to everyone from now on. */
  async replace(kind, track) {
    this.#local[kind] = track;
    await Promise.all([...this.peers.values()].map((peer) => peer.replace(kind, track)));
  }

  /* Send pictures of so many bits a second at most, to this participant or to all; null: as many as fit. */
  limit(bits, id = null) {
    if (!id) this.#bits = bits;
    for (const [one, peer] of this.peers) if (!id || one === id) peer.limit(bits);
  }

  /* Leave for good: nothing is sent or heard any more. */
  stop() {
    this.#socket.close();
    this.#drop();
  }

  #linked(there) {
    this.#greeted = false;
    this.#tell("link", there);
  }

  #ended(detail) {
    this.#drop();
    this.#tell("end", detail);
  }

  #drop() {
    for (const peer of this.peers.values()) peer.close();
    this.peers.clear();
  }

  async #take(message) {
    switch (message.type) {
      case "session":
        this.view = message;
        this.#forget();
        if (this.inside) await this.#greet();
        return this.#tell("session", message);
      case "ready":
        return this.#met(message);
      case "description":
      case "candidate":
        return this.peers.get(message.from)?.take(message);
      case "state":
        this.states.set(message.from, message);
    }
    this.#tell(message.type, message);
  }

  /* Whoever left, or is not let in any more, is not talked to. */
  #forget() {
    const known = new Set(this.view.people.filter((one) => one.admitted).map((one) => one.id));
    for (const [id, peer] of this.peers) {
      if (this.inside && known.has(id)) continue;
      peer.close();
      this.peers.delete(id);
      this.states.delete(id);
    }
  }

  async #greet() {
    if (this.#greeted) return;
    this.#greeted = true;
    try {
      this.#configuration = await this.#ice();
    } catch {
      this.#greeted = false;
      if (!this.#configuration || !window.RTCPeerConnection) return;
    }
    this.send({ type: "ready", run: this.#run });
    this.tell({});
  }

  #met({ from, run, reply }) {
    if (!this.#configuration) return;
    if (!reply) this.send({ type: "ready", to: from, run: this.#run, reply: true });
    this.tell({});
    const before = this.peers.get(from);
    if (before?.run === run) return before.mend(this.#configuration);
    before?.close();
    const peer = new Peer({
      run,
      caller: this.view.you.id < from,
      configuration: this.#configuration,
      local: this.#local,
      bits: this.#bits,
      send: (message) => this.send({ ...message, to: from }),
    });
    this.peers.set(from, peer);
    peer.addEventListener("moved", ({ detail }) => this.#tell("moved", { id: from, state: detail }));
    this.#tell("stream", { id: from, stream: peer.stream });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
