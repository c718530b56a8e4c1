/* Photos and files from the resident's phone: chosen, sent in chunks, each with how far it is. */

import { $, texts } from "./page.js";
import { sendFile } from "./uploads.js";

export function photos(base) {
  const input = $("#photo-file");
  const list = $("#photo-list");
  input.onchange = async () => {
    const chosen = [...input.files];
    input.value = "";
    for (const file of chosen) await one(file);
  };

  async function one(file) {
    const item = document.createElement("li");
    const said = document.createElement("span");
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", file.name);
    said.textContent = `${file.name}: ${texts.photo_sending}`;
    item.append(said, bar);
    list.append(item);
    const kind = file.type.startsWith("image/") ? "photo" : "file";
    const named = { kind, media_type: file.type || "application/octet-stream", name: file.name.slice(0, 200) };
    try {
      await sendFile(base, file, named, { headers: () => ({}), progress: (share) => { bar.value = share; } });
      said.textContent = `${file.name}: ${texts.photo_sent}`;
    } catch (error) {
      said.textContent = `${file.name}: ${texts[`photo_${error.code}`] ?? texts.photo_failed}`;
    }
    bar.remove();
  }
}
