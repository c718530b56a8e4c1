/* The pictures of participants who have no place of their own on the page, each with who it is. */

import { calledAs, whenSeen } from "./page.js";

export class Tiles {
  #root;
  #names;
  #tiles = new Map();

  /* names: kind of participant -> what they are called. */
  constructor(root, names) {
    this.#root = root;
    this.#names = names;
  }

  /* Show this participant's picture and let their voice be heard, from now on by this stream. */
  show(one, stream) {
    const tile = this.#tiles.get(one.id) ?? this.#made(one);
    const video = tile.querySelector("video");
    if (video.srcObject === stream) return;
    delete video.dataset.seen;
    video.srcObject = stream;
    video.play().catch(() => {});
    whenSeen(video, () => { video.dataset.seen = "yes"; });
  }

  /* Who is not among these has no tile any more; the others say whether they are there. */
  keep(people, away) {
    const known = new Map(people.map((one) => [one.id, one]));
    for (const [id, tile] of this.#tiles) {
      const one = known.get(id);
      if (one) tile.querySelector("figcaption").textContent = calledAs(one, this.#names) + (one.online ? "" : ` (${away})`);
      else this.remove(id);
    }
  }

  remove(id) {
    this.#tiles.get(id)?.remove();
    this.#tiles.delete(id);
  }

  #made(one) {
    const { id, kind } = one;
    const tile = document.createElement("figure");
    tile.dataset.who = id;
    tile.dataset.kind = kind;
    const video = Object.assign(document.createElement("video"), { autoplay: true, playsInline: true });
    video.setAttribute("aria-label", calledAs(one, this.#names));
    const caption = Object.assign(document.createElement("figcaption"), { textContent: calledAs(one, this.#names) });
    tile.append(video, caption);
    this.#root.append(tile);
    this.#tiles.set(id, tile);
    return tile;
  }
}
