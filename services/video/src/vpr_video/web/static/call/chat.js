/* What is written in the call. What was not confirmed is sent again when the connection is back; ids make it count once. */

const FINAL = ["session_ended", "chat_full", "erased", "not_admitted"];
const PAUSE = 3000;

export class Chat {
  #call;
  #list;
  #texts;
  #waiting = new Map();
  #shown = new Set();

  /* texts: what kinds of participants are called, and what is said of a line that is not there yet. */
  constructor(call, root, texts) {
    this.#call = call;
    this.#list = root.querySelector("[data-list]");
    this.#texts = texts;
    const form = root.querySelector("form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = form.elements.text.value.trim();
      if (text) this.write(text);
      form.reset();
    });
    call.addEventListener("chat", ({ detail }) => this.#show(detail));
    call.addEventListener("history", ({ detail }) => {
      detail.messages.forEach((one) => this.#show(one));
      for (const { message } of this.#waiting.values()) call.send(message);
    });
    call.addEventListener("error", ({ detail }) => this.#refused(detail));
  }

  write(text) {
    const message = { type: "chat", id: crypto.randomUUID(), text };
    const item = this.#line(this.#texts.you, text);
    item.append(" ", Object.assign(document.createElement("em"), { textContent: this.#texts.chat_sending }));
    this.#waiting.set(message.id, { message, item });
    this.#add(item);
    this.#call.send(message);
  }

  #show(message) {
    this.#waiting.get(message.id)?.item.remove();
    this.#waiting.delete(message.id);
    if (this.#shown.has(message.id)) return;
    this.#shown.add(message.id);
    const who = message.from === this.#call.view?.you.id ? this.#texts.you : this.#texts[message.kind];
    this.#add(this.#line(who, message.text), Date.parse(message.at));
  }

  /* A line that will never be taken says so; one that the service could not take now is sent again. */
  #refused({ code, id }) {
    const { message, item } = this.#waiting.get(id) ?? {};
    if (!item) return;
    if (!FINAL.includes(code)) return void setTimeout(() => this.#waiting.has(id) && this.#call.send(message), PAUSE);
    this.#waiting.delete(id);
    item.querySelector("em").textContent = this.#texts.chat_refused;
  }

  #line(who, text) {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("strong"), { textContent: who }), " ", text);
    return item;
  }

  /* In the order of their times; what is being sent is the latest. */
  #add(item, at = Infinity) {
    item.at = at;
    this.#list.insertBefore(item, [...this.#list.children].find((one) => one.at > at) ?? null);
    item.scrollIntoView({ block: "nearest" });
  }
}
