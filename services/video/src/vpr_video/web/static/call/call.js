/* A call: the socket, the other participants, and what is sent to them, from browser to browser or through the media
   server, as the view says. Pages listen to its events: session (the view), state, request, chat, history, stream, moved,
   end, link (whether signalling is there). */

import { Peer } from "./peer.js";
import { Server } from "./server.js";
import { Socket } from "./socket.js";

const DIRECT = new Set(["peer", "fallback"]);

export class Call extends EventTarget {
  view = null;
  states = new Map();
  peers = new Map();
  #early = new Map();
  #run = crypto.randomUUID();
  #socket;
  #greeted = null;
  #server = null;
  #configuration = null;
  #local = { audio: null, video: null };
  #bits = null;
  #state = {};
  #told = "";

  /* address and probe as Socket takes them. */
  constructor({ address, probe }) {
    super();
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
    this.#introduce();
  }

  /* Whenever it or who hears it is another. */
  #introduce() {
    if (!this.inside) return;
    const others = this.view.people.filter((one) => one.admitted && one.online).map(({ id }) => id);
    const told = JSON.stringify([this.#state, others]);
    if (told !== this.#told && this.send({ type: "state", ...this.#state })) this.#told = told;
  }

  /* Send this track (or none) to everyone from now on. */
  async replace(kind, track) {
    this.#local[kind] = track;
    const ways = this.#server ? [this.#server, ...this.peers.values()] : [...this.peers.values()];
    const ended = (error) => console.warn("replace", error.name);
    await Promise.all(ways.map((way) => way.replace(kind, track).catch(ended)));
  }

  /* How a participant is received: whether it is connected, and its figures. */
  way(id) {
    const served = this.#server?.way(id);
    const peer = this.peers.get(id);
    return peer?.connected || !served ? peer : served;
  }

  /* Send pictures of so many bits a second at most, to this participant or to all; null: as many as fit. Through the
     media server everyone is sent the same, so that for one alone nothing changes there. */
  limit(bits, id = null) {
    if (!id) this.#bits = bits;
    if (!id) this.#server?.limit(bits);
    for (const [one, peer] of this.peers) if (!id || one === id) peer.limit(bits);
  }

  /* Leave for good: nothing is sent or heard any more. */
  stop() {
    this.#socket.close();
    this.#drop();
  }

  #linked(there) {
    this.#greeted = null;
    this.#told = "";
    this.#tell("link", there);
  }

  #ended(detail) {
    this.#drop();
    this.#tell("end", detail);
  }

  #drop() {
    for (const peer of this.peers.values()) peer.close();
    this.peers.clear();
    this.#early.clear();
    this.#server?.close();
    this.#server = null;
  }

  #take(message) {
    switch (message.type) {
      case "ice":
        this.#configuration = message;
        return;
      case "session":
        this.view = message;
        this.#forget();
        if (this.inside) this.#greet();
        this.#introduce();
        this.#tell("session", message);
        return this.#catchUp();
      case "ready":
        return this.#onceKnown(message.from, () => this.#met(message));
      case "description":
      case "candidate":
        return this.#onceKnown(message.from, () => this.peers.get(message.from)?.take(message));
      case "server_description":
      case "server_candidate":
      case "server_gone":
        return this.#server?.take(message);
      case "error":
        if (message.code.startsWith("media_server")) return this.#server?.again();
        break;
      case "state":
        this.states.set(message.from, message);
    }
    this.#tell(message.type, message);
  }

  /* Whoever left, or is not let in any more, is not talked to. */
  #forget() {
    if (!this.inside) {
      this.#drop();
      this.#greeted = null;
      this.#told = "";
    }
    const known = new Set(this.view.people.filter((one) => one.admitted).map((one) => one.id));
    for (const [id, peer] of this.peers) {
      if (this.inside && known.has(id)) continue;
      peer.close();
      this.peers.delete(id);
      this.states.delete(id);
    }
  }

  /* Begin the way that the view names; again when signalling was away, and when the media server came or went. The others
     say then how they are, whichever the way: what they told meanwhile was not heard. */
  #greet() {
    const { media, media_run: run } = this.view;
    const way = media === "server" ? `server ${run}` : media;
    if (this.#greeted === way || !this.#configuration || !window.RTCPeerConnection) return;
    this.#greeted = way;
    if (this.#server) this.#server.active = media === "server";
    if (media === "server") this.#serve();
    this.send({ type: "ready", run: this.#run });
  }

  #serve() {
    this.#server ??= this.#served();
    this.#server.ready(this.#configuration);
  }

  #served() {
    const server = new Server({
      you: this.view.you.id,
      configuration: this.#configuration,
      local: this.#local,
      bits: this.#bits,
      send: (message) => this.send(message),
    });
    server.addEventListener("stream", ({ detail }) => {
      this.#onceKnown(detail.id, () => this.#tell("stream", detail));
      this.peers.get(detail.id)?.close();
      this.peers.delete(detail.id);
    });
    server.addEventListener("moved", ({ detail }) => this.#tell("moved", detail));
    return server;
  }

  /* Views come on a way of their own: what a participant begins before a view shows them as let in waits for it. */
  #onceKnown(id, work) {
    if (this.#knows(id)) return work();
    this.#early.set(id, [...(this.#early.get(id) ?? []), work]);
  }

  #catchUp() {
    for (const [id, works] of this.#early) {
      if (this.#knows(id) && this.#early.delete(id)) works.forEach((work) => work());
    }
  }

  #knows(id) {
    return Boolean(this.view?.people.some((one) => one.id === id && one.admitted));
  }

  /* Who is let in greets those who are there, and these call: mostly the resident greets. */
  #calls(id) {
    const { people, you } = this.view;
    const comes = (one) => people.find(({ id }) => id === one)?.kind === "resident";
    return comes(id) === comes(you.id) ? you.id < id : comes(id);
  }

  #met({ from, run, reply }) {
    if (!reply) this.send({ type: "state", to: from, ...this.#state });
    if (!this.#configuration || !DIRECT.has(this.view.media)) return;
    if (!reply) this.send({ type: "ready", to: from, run: this.#run, reply: true });
    const before = this.peers.get(from);
    if (before?.run === run) return before.mend(this.#configuration);
    before?.close();
    const peer = new Peer({
      run,
      caller: this.#calls(from),
      configuration: this.#configuration,
      local: this.#local,
      bits: this.#bits,
      send: (message) => this.send({ ...message, to: from }),
    });
    this.peers.set(from, peer);
    let shown = !this.#server?.way(from)?.connected;
    if (shown) this.#tell("stream", { id: from, stream: peer.stream });
    peer.addEventListener("moved", ({ detail }) => {
      if (peer.connected && !shown) this.#tell("stream", { id: from, stream: peer.stream });
      shown ||= peer.connected;
      if (peer.connected) this.#direct(from);
      this.#tell("moved", { id: from, state: detail });
    });
  }

  /* Somebody is received directly: what came of them through the media server ends, and all of it with the last. */
  #direct(id) {
    if (!this.#server || !DIRECT.has(this.view.media)) return;
    this.#server.release(id);
    const others = this.view.people.filter((one) => one.admitted && one.online && one.id !== this.view.you.id);
    if (!others.every((one) => this.peers.get(one.id)?.connected)) return;
    this.#server.close();
    this.#server = null;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
