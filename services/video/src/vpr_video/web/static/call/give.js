/* The page of a link for evidence: files of any size, in chunks that go on where a broken connection left off. */

import { $, texts } from "./page.js";
import { send } from "./photos.js";

const form = $("form");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { files, note } = form.elements;
  const list = $("#photo-list");
  const chosen = [...files.files];
  if (!chosen.length) {
    list.replaceChildren(Object.assign(document.createElement("li"), { textContent: texts.photo_none }));
    return;
  }
  const said = note.value.trim();
  const button = $("button", form);
  button.disabled = true;
  files.value = "";
  for (const file of chosen) await send(document.body.dataset.given, file, list, said ? { note: said } : {});
  button.disabled = false;
});
