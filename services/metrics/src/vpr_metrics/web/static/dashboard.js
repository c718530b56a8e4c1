// Puts each part into its place, one after the other; without it a link leads to the part's own page.
const places = [...document.querySelectorAll("[data-fragment]")];

async function load(place) {
  const content = place.querySelector(".content");
  const loading = document.createElement("p");
  loading.className = "loading";
  loading.textContent = place.dataset.loading;
  content.replaceChildren(loading);
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(place.dataset.fragment);
    if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(answer.status);
    content.innerHTML = await answer.text();
    if (!answer.ok) offerAgain(place, content);
  } catch {
    const failed = document.createElement("p");
    failed.className = "trouble";
    failed.textContent = place.dataset.failed;
    content.replaceChildren(failed);
    offerAgain(place, content);
  }
  place.removeAttribute("aria-busy");
}

function offerAgain(place, content) {
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = place.dataset.again;
  again.addEventListener("click", () => load(place));
  content.append(again);
}

for (const place of places) await load(place);
document.documentElement.dataset.loaded = "yes";
