/* Links by which an interpreter or specialist without an account comes in: made, shown once, taken back. */

import { $, ask, say, says, texts } from "./page.js";
import { inOrder, keep } from "./turns.js";

export function guestLinks(base, headers) {
  $("#guest-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { kind, name } = event.target.elements;
    try {
      const made = await ask(base, { method: "POST", body: { kind: kind.value, name: name.value.trim() }, headers: headers() });
      name.value = "";
      $("#guest-link").value = made.link;
      $("#guest-made").hidden = false;
      $("#guest-link").select();
    } catch {
      say(texts.failed);
    }
    list();
  });

  const asked = inOrder(() => ask(base).catch(() => null));

  async function list() {
    const guests = await asked();
    if (guests) keep($("#guest-list"), guests, row);
  }

  function row(guest) {
    const item = document.createElement("li");
    const at = new Date(guest.expires_at).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
    item.append(`${says(`${guest.name} (${texts[guest.kind]})`, texts[`guest_${guest.state}`].replace("{at}", at))} `);
    if (guest.state !== "pending") return item;
    const revoke = Object.assign(document.createElement("button"), { type: "button", className: "quiet",
      textContent: texts.guest_revoke });
    revoke.onclick = () => ask(`${base}/${guest.id}`, { method: "DELETE", headers: headers() })
      .then(list, () => say(texts.failed));
    item.append(revoke);
    return item;
  }

  list();
  return list;
}
