/* The way through the media server: one connection for what this page sends, and one for each of the others. The service
   stands between; a connection that fails is not mended but made anew, and what it replaces goes once it stands. */

import { limited } from "./peer.js";

const PATIENCE = 3000;
const PAUSE = 1000;

export class Server extends EventTarget {
  active = true;
  #sending = null;
  #former = null;
  #receiving = new Map();
  #configuration;
  #local;
  #send;
  #you;
  #timer = 0;
  #bits;

  /* you: the own id; local: {audio, video}, the tracks to send or null; bits: what the picture may take a second, null
     without bounds; send: message => void. */
  constructor({ you, configuration, local, bits, send }) {
    super();
    this.#bits = bits;
    this.#you = you;
    this.#configuration = configuration;
    this.#local = { ...local };
    this.#send = send;
  }

  /* Signalling is there (again): say what stands, and send if nothing is sent. */
  ready(configuration) {
    this.active = true;
    this.#configuration = configuration;
    const alive = [this.#sending, this.#former, ...this.#receiving.values()].filter((leg) => leg && !leg.failed);
    this.#send({ type: "server_ready", legs: alive.map((leg) => leg.id) });
    if (!this.#sending || this.#sending.failed) this.#publish();
  }

  /* Who is received by this way, or undefined. */
  way(who) {
    const legs = [...this.#receiving.values()].filter((leg) => leg.who === who);
    return legs.find((leg) => leg.connected) ?? legs.at(-1);
  }

  async replace(kind, track) {
    this.#local[kind] = track;
    await Promise.all([this.#sending, this.#former].map((leg) => leg?.replace(kind, track)));
  }

  async limit(bits) {
    this.#bits = bits;
    await this.#sending?.limit(bits);
  }

  take({ type, leg: id, from, description, candidate }) {
    if (type === "server_gone") return this.#gone(id);
    const leg = this.#leg(id) ?? (type === "server_description" && description.type === "offer" && this.#receive(id, from));
    if (leg) leg.take(type === "server_description" ? { description } : { candidate });
  }

  /* Somebody is received by another way. */
  release(who) {
    for (const leg of [...this.#receiving.values()]) if (leg.who === who) this.#end(leg);
  }

  close() {
    clearTimeout(this.#timer);
    this.active = false;
    for (const leg of [this.#sending, this.#former, ...this.#receiving.values()]) leg?.close();
    this.#sending = this.#former = null;
    this.#receiving.clear();
  }

  #leg(id) {
    return [this.#sending, this.#former].find((leg) => leg?.id === id) ?? this.#receiving.get(id);
  }

  #publish() {
    const leg = this.#made(crypto.randomUUID(), this.#you);
    if (this.#sending?.connected) {
      this.#former?.close();
      this.#former = this.#sending;
    } else this.#sending?.close();
    this.#sending = leg;
    leg.offer(this.#local);
  }

  #receive(id, who) {
    const leg = this.#made(id, who);
    this.#receiving.set(id, leg);
    return leg;
  }

  #made(id, who) {
    const leg = new Leg(id, who, this.#configuration, this.#send);
    leg.addEventListener("moved", ({ detail }) => this.#moved(leg, detail));
    return leg;
  }

  #moved(leg, state) {
    if (!this.#leg(leg.id)) return;
    if (state === "connected") this.#stands(leg);
    if (leg.failed) this.again();
    this.#tell("moved", { id: leg.who, state });
  }

  #stands(leg) {
    if (leg === this.#sending) {
      if (this.#bits) leg.limit(this.#bits);
      this.#former?.close();
      this.#former = null;
    } else {
      const legs = [...this.#receiving.values()].filter((one) => one.who === leg.who);
      const before = legs.slice(0, legs.indexOf(leg)); // what came after it is to replace it, and stands soon
      this.#tell("stream", { id: leg.who, stream: leg.stream });
      before.forEach((one) => this.#end(one));
    }
  }

  /* Not at once and not twice: what broke one connection mostly broke all. */
  again() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.active && this.ready(this.#configuration), PAUSE);
  }

  #gone(id) {
    const leg = this.#leg(id);
    if (!leg) return;
    if (leg === this.#sending) {
      if (leg.connected && this.active) return this.#publish();
      leg.failed = true;
      this.again();
    } else if (leg.connected && this.active) setTimeout(() => this.#end(leg), PATIENCE);
    else this.#end(leg);
  }

  #end(leg) {
    leg.close();
    this.#receiving.delete(leg.id);
    if (leg === this.#former) this.#former = null;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

class Leg extends EventTarget {
  stream = new MediaStream();
  failed = false;
  #connection;
  #send;
  #waiting = [];
  #last = Promise.resolve();
  #timer = 0;

  constructor(id, who, configuration, send) {
    super();
    this.id = id;
    this.who = who;
    this.#send = send;
    const connection = (this.#connection = new RTCPeerConnection(configuration));
    connection.onicecandidate = ({ candidate }) =>
      send({ type: "server_candidate", leg: id, candidate: candidate ? candidate.toJSON() : null });
    connection.ontrack = ({ track }) => this.stream.addTrack(track);
    connection.onconnectionstatechange = () => this.#moved();
  }

  get connected() {
    return this.#connection.connectionState === "connected";
  }

  get stats() {
    return this.#connection.getStats();
  }

  async offer(local) {
    for (const kind of ["audio", "video"]) {
      this.#connection.addTransceiver(local[kind] ?? kind, { direction: "sendonly" });
    }
    await this.#connection.setLocalDescription();
    this.#describe();
  }

  async replace(kind, track) {
    const sender = this.#connection.getTransceivers().find((one) => one.receiver.track.kind === kind)?.sender;
    await sender?.replaceTrack(track);
  }

  async limit(bits) {
    await limited(this.#connection, bits);
  }

  take(message) {
    const work = message.description ? () => this.#described(message.description) : () => this.#candidate(message.candidate);
    this.#last = this.#last.then(work).catch((error) => console.warn("media server", error.name));
  }

  close() {
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  #describe() {
    const { type, sdp } = this.#connection.localDescription;
    this.#send({ type: "server_description", leg: this.id, description: { type, sdp } });
  }

  async #described(description) {
    await this.#connection.setRemoteDescription(description);
    for (const candidate of this.#waiting.splice(0)) await this.#candidate(candidate);
    if (description.type === "offer") {
      await this.#connection.setLocalDescription();
      this.#describe();
    }
  }

  async #candidate(candidate) {
    if (!this.#connection.remoteDescription) return void this.#waiting.push(candidate);
    await this.#connection.addIceCandidate(candidate ?? undefined);
  }

  #moved() {
    const state = this.#connection.connectionState;
    clearTimeout(this.#timer);
    if (state === "failed") this.failed = true;
    if (state === "disconnected") this.#timer = setTimeout(() => this.#give(), PATIENCE);
    this.dispatchEvent(new CustomEvent("moved", { detail: state }));
  }

  #give() {
    this.failed = true;
    this.dispatchEvent(new CustomEvent("moved", { detail: "failed" }));
  }
}
