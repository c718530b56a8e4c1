/* The walk through the scene: points to look at, by offence; each tick is kept with the session. */

import { $, ask, say, texts } from "./page.js";

export async function checklists(base, headers) {
  const choice = $("#checklist-choice");
  const lists = [...document.querySelectorAll("[data-checklist]")];
  const show = (code) => {
    choice.value = code;
    for (const one of lists) one.hidden = one.dataset.checklist !== code;
  };
  choice.onchange = () => show(choice.value);
  for (const list of lists) {
    list.onchange = ({ target }) => {
      const url = `${base}/${list.dataset.checklist}/points/${target.value}`;
      ask(url, { method: "PUT", body: { ticked: target.checked }, headers: headers() }).catch(() => {
        target.checked = !target.checked;
        say(texts.failed);
      });
    };
  }
  const told = await ask(base).catch(() => []);
  for (const { checklist, ticked } of told) {
    const list = lists.find((one) => one.dataset.checklist === checklist);
    for (const box of list?.querySelectorAll("input") ?? []) box.checked = ticked.includes(box.value);
  }
  if (told.length) show((told.find((one) => one.ticked.length) ?? told[0]).checklist);
}
