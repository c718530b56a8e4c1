/* How good a connection is, in one word: good, fair, poor or none. */

export class Quality {
  #before = null;

  /* The word for the time since the last question. */
  async of(peer) {
    if (!peer.connected) return "none";
    const now = summed(await peer.stats);
    const before = this.#before ?? now;
    this.#before = now;
    const lost = now.lost - before.lost;
    const share = lost / Math.max(1, lost + now.received - before.received);
    if (share > 0.08 || now.roundTrip > 0.6) return "poor";
    return share > 0.02 || now.roundTrip > 0.3 ? "fair" : "good";
  }
}

function summed(stats) {
  const sum = { lost: 0, received: 0, roundTrip: 0 };
  stats.forEach((one) => {
    if (one.type === "inbound-rtp") {
      sum.lost += one.packetsLost ?? 0;
      sum.received += one.packetsReceived ?? 0;
    }
    if (one.type === "candidate-pair" && one.nominated) sum.roundTrip = one.currentRoundTripTime ?? 0;
  });
  return sum;
}
