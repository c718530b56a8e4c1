/* The city's districts: in which one a place lies, and their outlines. Told by our own service, as GeoJSON. */

import { ask } from "./page.js";

const AGAIN = 60_000;
const AROUND = 16;
export const DEGREE = 111_320;

export class Districts extends EventTarget {
  #url;
  #all = [];
  #asked = 0;
  credit = "";
  bounds = null;

  constructor(url) {
    super();
    this.#url = url;
  }

  /* Ask for them, once a place is known; "known" is told when they come. */
  async need() {
    if (this.#all.length || Date.now() - this.#asked < AGAIN) return;
    this.#asked = Date.now();
    const told = await ask(this.#url).catch(() => null);
    if (!told?.features.length) return;
    this.#all = told.features.map(({ properties, geometry }) => ({ name: properties.name,
      rings: geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat() }));
    this.bounds = boundsOf(this.#all);
    this.credit = told.credit;
    this.dispatchEvent(new Event("known"));
  }

  get known() {
    return this.#all.length > 0;
  }

  /* The district of this place (null: none), and those in which it lies perhaps, by its accuracy. */
  at({ latitude, longitude, accuracy }) {
    const wide = DEGREE * Math.cos((latitude * Math.PI) / 180);
    const around = [1, 0.5].flatMap((part) => Array.from({ length: AROUND }, (_, turn) => {
      const angle = (2 * Math.PI * turn) / AROUND;
      const far = accuracy * part;
      return this.#of(longitude + (far * Math.cos(angle)) / wide, latitude + (far * Math.sin(angle)) / DEGREE);
    }));
    const here = this.#of(longitude, latitude);
    return { here, perhaps: [...new Set(around)].filter((one) => one && one !== here) };
  }

  #of(x, y) {
    return this.#all.find(({ rings }) => inside(rings, x, y))?.name ?? null;
  }

  /* The outline of each as the path of a drawing; flat: from degrees to what the drawing counts in. */
  outlines(flat) {
    return this.#all.map(({ name, rings }) => ({ name,
      path: rings.map((ring) => `M${ring.map(([x, y]) => flat(x, y).map((one) => one.toFixed(1))).join("L")}Z`).join("") }));
  }
}

/* West, south, east and north of all, in degrees. */
function boundsOf(all) {
  const found = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of all.flatMap(({ rings }) => rings.flat())) {
    found[0] = Math.min(found[0], x);
    found[1] = Math.min(found[1], y);
    found[2] = Math.max(found[2], x);
    found[3] = Math.max(found[3], y);
  }
  return found;
}

/* Whether a point lies within rings: holes count as outside. */
function inside(rings, x, y) {
  let within = false;
  for (const ring of rings) {
    ring.forEach(([x1, y1], place) => {
      const [x0, y0] = ring.at(place - 1);
      if (y1 > y !== y0 > y && x < ((x0 - x1) * (y - y1)) / (y0 - y1) + x1) within = !within;
    });
  }
  return within;
}
