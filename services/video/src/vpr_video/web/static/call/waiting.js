/* What is said to who waits, and to who was in a call. */

import { $, ask, texts } from "./page.js";

const EVERY = 15_000;

/* Keep the place in the line up to date; the function that comes back ends that. */
export function follow(api) {
  const look = async () => {
    const now = await ask(api).catch(() => null);
    if (now) showPlace(now.place);
  };
  const timer = setInterval(look, EVERY);
  look();
  return () => clearInterval(timer);
}

export function showPlace(place) {
  const said = !place ? "" : place.ahead ? plural(texts, place.ahead) : place.busy ? texts.place_busy : texts.place_next;
  if ($("#place").textContent !== said) $("#place").textContent = said;
  $("#estimate").textContent = !place || (!place.ahead && !place.busy) ? ""
    : place.minutes ? texts.place_minutes.replace("{n}", place.minutes) : texts.place_unknown;
}

const plural = (said, ahead) => (ahead === 1 ? said.place_one : said.place_many.replace("{n}", ahead));

/* How long it took, and the number of the case. */
export async function summarise(api, minutes) {
  const told = await ask(`${api}/summary`).catch(() => null);
  const lines = [minutes ? texts.lasted.replace("{n}", minutes) : "",
    told?.case_number ? texts.your_number.replace("{n}", told.case_number) : ""];
  for (const one of document.querySelectorAll("[data-summary]")) {
    one.replaceChildren(...lines.filter(Boolean).map((line) => Object.assign(document.createElement("p"),
      { textContent: line })));
  }
}
