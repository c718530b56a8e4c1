/* Links by which an officer brings a third participant in. */

import { say, texts } from "./page.js";

for (const button of document.querySelectorAll("[data-link]")) {
  button.onclick = async () => {
    const link = new URL(button.dataset.link, location.href).href;
    await navigator.clipboard?.writeText(link).catch(() => {});
    say(texts.copied.replace("{link}", link));
  };
}
