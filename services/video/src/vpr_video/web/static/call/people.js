/* Who is there, what the resident allows, and how far the session is. */

import { $, calledAs, says, texts } from "./page.js";

/* act: {post, failed}: how something is asked of the service, and what is done when it is refused. */
export function showPeople(view, resident, act) {
  $("#people").replaceChildren(...view.people.map((one) => row(one, view, act)));
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

function row(one, view, { post, failed }) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const mine = one.id === view.you.id ? ` (${texts.you})` : "";
  const where = one.admitted ? (one.online ? texts.in_call : texts.away) : texts.waits;
  name.textContent = says(`${calledAs(one, texts)}${mine}`, where);
  item.append(name);
  if (!view.you.acts) return item;
  const asking = (text, path, method, kind) => item.append(button(text, () => post(path, undefined, method).catch(failed), kind));
  if (!one.admitted) asking(texts.let_in, `/participants/${one.id}/admission`, "POST");
  if (!mine) asking(texts.show_out, `/participants/${one.id}`, "DELETE", "quiet");
  return item;
}

function button(text, onclick, kind = "") {
  return Object.assign(document.createElement("button"), { type: "button", textContent: text, className: kind, onclick });
}
