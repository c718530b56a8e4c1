/* Where the resident is, drawn twice: close by, with the circle in which they are and a scale, and in the city, by its
   districts; north is above. No map of anybody else's. */

import { DEGREE } from "./districts.js";
import { $, texts } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const SIDE = 240;
const EDGE = 8;

/* location: {latitude, longitude, accuracy, located_at}, or null where it is not known or not allowed. */
export function draw(location, districts) {
  $("#map").hidden = !location;
  $("#map-none").hidden = Boolean(location);
  $("#map-city").toggleAttribute("hidden", !location || !districts.known);
  if (!location) return ["#map-drawn", "#map-city"].forEach((one) => $(one).replaceChildren());
  districts.need();
  const { latitude, longitude, accuracy } = location;
  const place = districts.known ? districts.at(location) : null;
  $("#map-drawn").replaceChildren(...closeBy(location, districts));
  if (place) $("#map-city").replaceChildren(...inCity(location, districts, place));
  $("#map-district").textContent = place ? named(place) : "";
  $("#map-said").textContent = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}; ${texts.within.replace("{n}",
    Math.round(accuracy))}; ${new Date(location.located_at).toLocaleTimeString(document.documentElement.lang)}`;
  $("#map-credit").textContent = districts.credit;
  return undefined;
}

function named({ here, perhaps }) {
  const first = here ? texts.district.replace("{name}", here) : texts.district_none;
  return perhaps.length ? `${first}; ${texts.district_perhaps.replace("{names}", perhaps.join(", "))}` : first;
}

function closeBy(location, districts) {
  const across = nice(Math.max(40, location.accuracy * 3));
  const metre = SIDE / across;
  const flat = flattening(location, metre);
  const [x, y] = flat(location.longitude, location.latitude);
  const borders = districts.outlines(flat).map(({ path }) => make("path", { d: path, class: "border" }));
  const circle = make("circle", { cx: x, cy: y, r: Math.max(4, location.accuracy * metre), class: "circle" });
  const point = make("circle", { cx: x, cy: y, r: 5, class: "point" });
  const bar = nice(across / 4);
  const scale = make("path", { d: `M16 ${SIDE - 24}v8h${bar * metre}v-8`, class: "bar" });
  const long = make("text", { x: 16, y: SIDE - 30 }, bar >= 1000 ? `${bar / 1000} km` : `${bar} m`);
  const north = make("text", { x: SIDE - 28, y: 40 }, "N");
  const arrow = make("path", { d: `M${SIDE - 22} 8l6 14h-12z`, class: "arrow" });
  return [...grid(location, metre, flat), ...borders, circle, point, scale, long, north, arrow];
}

/* From degrees to the drawing, whose middle is this place. */
function flattening({ latitude, longitude }, metre) {
  const wide = DEGREE * Math.cos((latitude * Math.PI) / 180);
  return (x, y) => [SIDE / 2 + (x - longitude) * wide * metre, SIDE / 2 - (y - latitude) * DEGREE * metre];
}

/* Lines of equal latitude and longitude, so that a moving point is seen to move. */
function grid({ latitude, longitude }, metre, flat) {
  const step = nice(60 / metre / DEGREE);
  const lines = [];
  for (let place = -4; place <= 4; place++) {
    const [x, y] = flat((Math.round(longitude / step) + place) * step, (Math.round(latitude / step) + place) * step);
    lines.push(make("path", { d: `M${x} 0V${SIDE}M0 ${y}H${SIDE}`, class: "line" }));
  }
  return lines;
}

/* All districts, the one of this place marked. */
function inCity({ latitude, longitude }, districts, { here }) {
  const [west, south, east, north] = districts.bounds;
  const middle = { latitude: (south + north) / 2, longitude: (west + east) / 2 };
  const wide = (east - west) * Math.cos((middle.latitude * Math.PI) / 180);
  const flat = flattening(middle, (SIDE - 2 * EDGE) / (Math.max(wide, north - south) * DEGREE));
  const [x, y] = flat(longitude, latitude);
  const drawn = districts.outlines(flat).map(({ name, path }) =>
    make("path", { d: path, class: name === here ? "district here" : "district" }));
  return [...drawn, make("circle", { cx: x, cy: y, r: 6, class: "point" })];
}

/* 1, 2 or 5 times a power of ten, not below the number. */
function nice(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= number * 0.999);
}

function make(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}
