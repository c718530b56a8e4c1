/* What is written in the call. What was not confirmed is sent again when the connection is back; ids make it count once. */

export class Chat {
  #call;
  #list;
  #names;
  #waiting = new Map();
  #shown = new Set();

  /* names: kind of participant -> what they are called. */
  constructor(call, root, names) {
    this.#call = call;
    this.#list = root.querySelector("[data-list]");
    this.#names = names;
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
      for (const message of this.#waiting.values()) call.send(message);
    });
  }

  write(text) {
    const message = { type: "chat", id: crypto.randomUUID(), text };
    this.#waiting.set(message.id, message);
    this.#call.send(message);
  }

  #show(message) {
    this.#waiting.delete(message.id);
    if (this.#shown.has(message.id)) return;
    this.#shown.add(message.id);
    const item = document.createElement("li");
    const who = document.createElement("strong");
    who.textContent = message.from === this.#call.view?.you.id ? this.#names.you : this.#names[message.kind];
    item.append(who, " ", message.text);
    item.at = Date.parse(message.at);
    const later = [...this.#list.children].find((one) => one.at > item.at);
    this.#list.insertBefore(item, later ?? null);
    item.scrollIntoView({ block: "nearest" });
  }
}
