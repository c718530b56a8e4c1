/* What both pages share: texts, one step at a time, requests to our own service. */

export const texts = JSON.parse(document.getElementById("texts").textContent);

export const $ = (selector, root = document) => root.querySelector(selector);

/* Show one step of the page and put the reader at its heading. */
export function show(name) {
  for (const step of document.querySelectorAll("[data-step]")) step.hidden = step.dataset.step !== name;
  document.body.dataset.at = name;
  const heading = $(`[data-step="${name}"] h1`);
  if (heading) {
    document.title = heading.textContent;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
  scrollTo(0, 0);
}

/* Say something to everyone, also to who hears the page read out. */
export function say(text) {
  $("#notice").textContent = text;
  $("#notice").hidden = !text;
}

/* Say that a way is broken, as long as it is; whatever else was said since stays. */
export function sayBroken(broken) {
  if (broken) say(texts.reconnecting);
  else if ($("#notice").textContent === texts.reconnecting) say("");
}

/* JSON, or a Blob as it is. What is refused throws an Error with the status and the problem's code. With keepalive it is
   asked also when the page goes away. */
export async function ask(url, { method = "GET", body, headers = {}, keepalive = false } = {}) {
  const options = { method, keepalive, headers: { ...headers }, cache: "no-store" };
  if (body instanceof Blob) {
    options.headers["Content-Type"] = "application/octet-stream";
    options.body = body;
  } else if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(url, options);
  const told = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) {
    const code = told?.type?.split(":").at(-1) ?? "";
    throw Object.assign(new Error(told?.title ?? answer.statusText), { status: answer.status, code });
  }
  return told;
}

/* What somebody is called: as what they came, and the name of a guest. names: by kind. */
export const calledAs = ({ kind, name }, names) => (name ? `${names[kind]} ${name}` : names[kind]);

/* "Officer: in the call", with the colon as the language sets it. */
export const says = (what, how) => `${what}${texts.colon}${how}`;

export const socketAddress = (path) => new URL(path, location.href).href.replace(/^http/, "ws");

/* Tell when a video shows its first frame, and each time a new stream begins. */
export function whenSeen(video, tell) {
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => tell());
  else video.addEventListener("playing", () => tell(), { once: true });
}
