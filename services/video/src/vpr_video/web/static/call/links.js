/* Links by which others send evidence: made, shown once, taken back. */

import { $, ask, say, says, texts } from "./page.js";
import { inOrder, keep } from "./turns.js";

export function uploadLinks(base, headers) {
  $("#give-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const purpose = event.target.elements.purpose.value;
    try {
      const made = await ask(base, { method: "POST", body: { purpose }, headers: headers() });
      $("#give-link").value = made.link;
      $("#give-made").hidden = false;
      $("#give-link").select();
    } catch (error) {
      say(error.code === "evidence_off" ? texts.evidence_off : texts.failed);
    }
    list();
  });

  const asked = inOrder(() => ask(base).catch(() => null));

  async function list() {
    const links = await asked();
    if (links) keep($("#give-list"), links, row);
  }

  function row(link) {
    const item = document.createElement("li");
    const at = new Date(link.expires_at).toLocaleDateString(document.documentElement.lang);
    const how = link.revoked_at ? texts.give_revoked
      : texts.give_used.replace("{n}", link.used).replace("{most}", link.most).replace("{at}", at);
    item.append(`${says(texts[`purpose_${link.purpose}`], how)} `);
    if (link.revoked_at) return item;
    const revoke = Object.assign(document.createElement("button"), { type: "button", className: "quiet",
      textContent: texts.give_revoke });
    revoke.onclick = () => ask(`${base}/${link.id}`, { method: "DELETE", headers: headers() })
      .then(list, () => say(texts.failed));
    item.append(revoke);
    return item;
  }

  list();
}
