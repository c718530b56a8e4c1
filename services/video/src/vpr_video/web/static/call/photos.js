/* Files from a phone: chosen, sent in chunks one after the other, each with how far it is. */

import { $, texts } from "./page.js";
import { sendFile } from "./uploads.js";

/* Why a file was not taken, in words; other refusals of a field are about what it is. */
const whyNot = ({ code, status }) => texts[`photo_${code}`]
  ?? (status === 422 ? texts.photo_file_type_refused : texts.photo_failed);

/* Send one file below base, and say in the list what becomes of it. item: what is told of it besides name and type. */
export async function send(base, file, list, item) {
  const row = document.createElement("li");
  const said = document.createElement("span");
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  const say = (text) => { said.textContent = `${file.name}: ${text}`; };
  bar.setAttribute("aria-label", file.name);
  say(texts.photo_sending);
  row.append(said, bar);
  list.append(row);
  const named = { ...item, media_type: file.type || "application/octet-stream", name: file.name.slice(0, 200) };
  const progress = (share) => { bar.value = share; say(texts.photo_sending); };
  try {
    await sendFile(base, file, named, { progress, waiting: () => say(texts.photo_waiting) });
    say(texts.photo_sent);
  } catch (error) {
    say(whyNot(error));
  }
  bar.remove();
}

/* The panel in a call. */
export function photos(base) {
  const input = $("#photo-file");
  input.onchange = async () => {
    const chosen = [...input.files];
    input.value = "";
    for (const file of chosen) {
      await send(base, file, $("#photo-list"), { kind: file.type.startsWith("image/") ? "photo" : "file" });
    }
  };
}
