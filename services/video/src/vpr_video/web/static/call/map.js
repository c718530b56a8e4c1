/* Where the resident is, drawn: a point, the circle in which it lies, a scale, north above. No map of anybody else's. */

import { $, texts } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const DEGREE = 111_320;
const SIDE = 240;

/* location: {latitude, longitude, accuracy, located_at}, or null where it is not known or not allowed. */
export function draw(location) {
  $("#map").hidden = !location;
  $("#map-none").hidden = Boolean(location);
  if (!location) return $("#map-drawn").replaceChildren();
  const { latitude, longitude, accuracy } = location;
  const across = round(Math.max(40, accuracy * 3));
  const metre = SIDE / across;
  const middle = SIDE / 2;
  const circle = make("circle", { cx: middle, cy: middle, r: Math.max(4, accuracy * metre), class: "circle" });
  const point = make("circle", { cx: middle, cy: middle, r: 5, class: "point" });
  const bar = round(across / 4);
  const scale = make("path", { d: `M16 ${SIDE - 24}v8h${bar * metre}v-8`, class: "bar" });
  const long = make("text", { x: 16, y: SIDE - 30 }, bar >= 1000 ? `${bar / 1000} km` : `${bar} m`);
  const north = make("text", { x: SIDE - 28, y: 40 }, "N");
  const arrow = make("path", { d: `M${SIDE - 22} 8l6 14h-12z`, class: "arrow" });
  $("#map-drawn").replaceChildren(...grid(location, metre), circle, point, scale, long, north, arrow);
  $("#map-said").textContent = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}; ${texts.within.replace("{n}",
    Math.round(accuracy))}; ${new Date(location.located_at).toLocaleTimeString(document.documentElement.lang)}`;
  return undefined;
}

/* Lines of equal latitude and longitude, so that a moving point is seen to move. */
function grid({ latitude, longitude }, metre) {
  const step = nice(60 / metre / DEGREE);
  const wide = DEGREE * Math.cos((latitude * Math.PI) / 180);
  const lines = [];
  for (let place = -4; place <= 4; place++) {
    const x = SIDE / 2 + ((Math.round(longitude / step) + place) * step - longitude) * wide * metre;
    const y = SIDE / 2 - ((Math.round(latitude / step) + place) * step - latitude) * DEGREE * metre;
    lines.push(make("path", { d: `M${x} 0V${SIDE}M0 ${y}H${SIDE}`, class: "line" }));
  }
  return lines;
}

/* 1, 2 or 5 times a power of ten, not below the number. */
function nice(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= number * 0.999);
}

const round = (metres) => nice(metres);

function make(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}
