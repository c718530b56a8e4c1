/* The walk through the scene: points to look at, by offence; each tick is kept with the session. */

import { $, ask, say, texts } from "./page.js";
import { queue } from "./turns.js";

export async function checklists(base, headers) {
  const choice = $("#checklist-choice");
  const lists = [...document.querySelectorAll("[data-checklist]")];
  const show = (code) => {
    choice.value = code;
    for (const one of lists) one.hidden = one.dataset.checklist !== code;
  };
  choice.onchange = () => show(choice.value);
  const inTurn = queue();
  const touched = new Set();
  for (const list of lists) {
    list.onchange = ({ target }) => {
      const { checked: ticked, value } = target;
      const url = `${base}/${list.dataset.checklist}/points/${value}`;
      touched.add(target);
      inTurn(() => ask(url, { method: "PUT", body: { ticked }, headers: headers() })).catch(() => {
        if (target.checked === ticked) target.checked = !ticked;
        say(texts.failed);
      });
    };
  }
  const told = await ask(base).catch(() => []);
  for (const { checklist, ticked } of told) {
    const list = lists.find((one) => one.dataset.checklist === checklist);
    for (const box of list?.querySelectorAll("input") ?? []) {
      if (!touched.has(box)) box.checked = ticked.includes(box.value);
    }
  }
  if (told.length && !touched.size) show((told.find((one) => one.ticked.length) ?? told[0]).checklist);
}
