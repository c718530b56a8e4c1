/* One other participant: "perfect negotiation". One side, the caller, makes the two transceivers; what is sent in them
   changes by replaceTrack, so that only the beginning and a broken way need descriptions. */

const PATIENCE = 3000;

export class Peer extends EventTarget {
  stream = new MediaStream();
  #connection;
  #send;
  #polite;
  #making = false;
  #ignoring = false;
  #waiting = [];
  #last = Promise.resolve();
  #timer = 0;
  #local;
  #bits;

  /* local: {audio, video}, the tracks to send or null; bits: what the picture may take a second, null without bounds;
     send: message => void, which knows the recipient. */
  constructor({ run, caller, configuration, local, bits, send }) {
    super();
    this.#bits = bits;
    this.run = run;
    this.#polite = !caller;
    this.#send = send;
    this.#local = { ...local };
    const connection = (this.#connection = new RTCPeerConnection(configuration));
    connection.onnegotiationneeded = () => this.#offer();
    connection.onicecandidate = ({ candidate }) =>
      send({ type: "candidate", candidate: candidate ? candidate.toJSON() : null });
    connection.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      this.dispatchEvent(new CustomEvent("track", { detail: track }));
    };
    connection.oniceconnectionstatechange = () => this.#moved();
    if (caller) {
      for (const kind of ["audio", "video"]) connection.addTransceiver(local[kind] ?? kind, { direction: "sendrecv" });
    }
  }

  get connected() {
    return ["connected", "completed"].includes(this.#connection.iceConnectionState);
  }

  get stats() {
    return this.#connection.getStats();
  }

  /* Send this track (or none) from now on. */
  async replace(kind, track) {
    this.#local[kind] = track;
    const found = this.#connection.getTransceivers().find((one) => one.receiver.track.kind === kind);
    await found?.sender.replaceTrack(track);
  }

  /* A smaller picture where it may take few bits: it is then sharp in what it shows. */
  async limit(bits) {
    this.#bits = bits;
    await limited(this.#connection, bits);
  }

  take(message) {
    const work = message.type === "description" ? () => this.#described(message.description)
      : () => this.#candidate(message.candidate);
    this.#last = this.#last.then(work).catch((error) => console.warn("negotiation", error.name));
  }

  /* Signalling was away: what was lost meanwhile is said again, and a broken way is looked for anew. */
  mend(configuration) {
    const connection = this.#connection;
    if (configuration) connection.setConfiguration(configuration);
    if (connection.signalingState === "have-local-offer") this.#describe();
    else if (!this.connected && connection.remoteDescription) connection.restartIce();
  }

  close() {
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  async #offer() {
    try {
      this.#making = true;
      await this.#connection.setLocalDescription();
      this.#describe();
    } catch (error) {
      console.warn("offer", error.name);
    } finally {
      this.#making = false;
    }
  }

  #describe() {
    const { type, sdp } = this.#connection.localDescription;
    this.#send({ type: "description", description: { type, sdp } });
  }

  async #described(description) {
    const connection = this.#connection;
    const collision = description.type === "offer" && (this.#making || connection.signalingState !== "stable");
    this.#ignoring = !this.#polite && collision;
    if (this.#ignoring) return;
    if (description.type === "answer" && connection.signalingState !== "have-local-offer") return;
    await connection.setRemoteDescription(description);
    await this.#adopt();
    for (const candidate of this.#waiting.splice(0)) await this.#candidate(candidate);
    if (description.type === "offer") {
      await connection.setLocalDescription();
      this.#describe();
    }
  }

  /* The side that was called answers in the caller's transceivers. */
  async #adopt() {
    for (const one of this.#connection.getTransceivers()) {
      if (one.direction === "sendrecv") continue;
      one.direction = "sendrecv";
      await one.sender.replaceTrack(this.#local[one.receiver.track.kind]);
    }
  }

  async #candidate(candidate) {
    if (!this.#connection.remoteDescription) {
      this.#waiting.push(candidate);
      return;
    }
    try {
      await this.#connection.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#ignoring) throw error;
    }
  }

  #moved() {
    const state = this.#connection.iceConnectionState;
    clearTimeout(this.#timer);
    if (this.connected && this.#bits) this.limit(this.#bits);
    if (state === "failed") this.#connection.restartIce();
    if (state === "disconnected") this.#timer = setTimeout(() => this.#connection.restartIce(), PATIENCE);
    this.dispatchEvent(new CustomEvent("moved", { detail: state }));
  }
}

/* Bound what is sent of the picture by a connection; null: not at all. */
export async function limited(connection, bits) {
  const found = connection.getTransceivers().find((one) => one.receiver.track.kind === "video");
  const parameters = found?.sender.getParameters();
  if (!parameters?.encodings?.length) return;
  for (const one of parameters.encodings) {
    one.scaleResolutionDownBy = bits ? 2 : 1;
    if (bits) one.maxBitrate = bits;
    else delete one.maxBitrate;
  }
  await found.sender.setParameters(parameters).catch((error) => console.warn("limit", error.name));
}
