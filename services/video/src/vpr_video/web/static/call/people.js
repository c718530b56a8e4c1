/* Who is there, what the resident allows, and how far the session is. */

import { $, calledAs, says, texts } from "./page.js";
import { keep } from "./turns.js";

/* act: {post, failed}: how something is asked of the service, and what is done when it is refused. */
export function showPeople(view, resident, act) {
  keep($("#people"), view.people.map((one) => shown(one, view)), (one) => row(one, act));
  const scopes = view.people.find((one) => one.id === resident)?.consents ?? [];
  for (const chip of document.querySelectorAll("[data-consent]")) {
    const given = scopes.includes(chip.dataset.consent);
    chip.classList.toggle("given", given);
    chip.querySelector("span").textContent = given ? texts.allowed : texts.not_allowed;
  }
  $("#status").textContent = texts[`status_${view.status}`];
  for (const button of document.querySelectorAll("[data-mode]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === view.mode));
    button.disabled = !view.you.acts || !["connected", "interrupted"].includes(view.status);
  }
}

/* All that a row shows of somebody. */
function shown(one, { you }) {
  const mine = one.id === you.id;
  const where = one.admitted ? (one.online ? texts.in_call : texts.away) : texts.waits;
  const text = says(`${calledAs(one, texts)}${mine ? ` (${texts.you})` : ""}`, where);
  return { id: one.id, text, lets: you.acts && !one.admitted, shows: you.acts && !mine };
}

function row({ id, text, lets, shows }, { post, failed }) {
  const item = document.createElement("li");
  item.append(Object.assign(document.createElement("span"), { textContent: text }));
  const asking = (what, path, method, kind) => item.append(button(what, () => post(path, undefined, method).catch(failed), kind));
  if (lets) asking(texts.let_in, `/participants/${id}/admission`, "POST");
  if (shows) asking(texts.show_out, `/participants/${id}`, "DELETE", "quiet");
  return item;
}

function button(text, onclick, kind = "") {
  return Object.assign(document.createElement("button"), { type: "button", textContent: text, className: kind, onclick });
}
