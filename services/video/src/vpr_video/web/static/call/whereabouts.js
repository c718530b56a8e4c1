/* Where this phone is, told to the officer once or while it moves: only while it is allowed and wanted. */

import { $, ask, texts } from "./page.js";

const OFTEN = 5000;
const DENIED = 1;
const OPTIONS = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 0 };

export class Whereabouts {
  #url;
  #watch = null;
  #told = 0;
  #wanted = 0;
  #later = 0;
  #newest = 0;

  constructor(api) {
    this.#url = `${api}/location`;
    $("#locate-once").onclick = () => this.#once();
    $("#locate-live").onclick = () => (this.#watch === null ? this.#follow() : this.stop());
  }

  /* allowed: whether the officer may know it; what is not, ends here and now. */
  show(allowed) {
    $("#where-not").hidden = allowed;
    for (const one of ["#locate-once", "#locate-live"]) $(one).disabled = !allowed || !navigator.geolocation;
    if (!allowed) this.stop();
  }

  stop() {
    this.#wanted++;
    clearTimeout(this.#later);
    const looking = $("#where-said").textContent === texts.where_looking;
    if (looking || this.#watch !== null) this.#say(texts.where_stopped);
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = null;
    $("#locate-live").setAttribute("aria-pressed", "false");
  }

  #once() {
    const asked = this.#wanted;
    this.#say(texts.where_looking);
    navigator.geolocation.getCurrentPosition((found) => {
      if (asked === this.#wanted) this.#send(found, texts.where_told);
    }, (error) => this.#failed(error), OPTIONS);
  }

  #follow() {
    this.#say(texts.where_looking);
    $("#locate-live").setAttribute("aria-pressed", "true");
    this.#watch = navigator.geolocation.watchPosition((found) => {
      clearTimeout(this.#later);
      const newest = ++this.#newest;
      const send = async () => {
        if (this.#watch === null || (await this.#send(found, texts.where_live))) return;
        if (newest === this.#newest) this.#later = setTimeout(send, OFTEN);
      };
      this.#later = setTimeout(send, Math.max(0, this.#told + OFTEN - Date.now()));
    }, (error) => (error.code === DENIED ? this.#failed(error) : this.#say(texts.where_unknown)), OPTIONS);
  }

  /* Whether it was told, or is not wanted any more: then nothing is said of it. */
  async #send({ coords, timestamp }, said) {
    this.#told = Date.now();
    const asked = this.#wanted;
    const { latitude, longitude, accuracy } = coords;
    try {
      const at = new Date(Math.min(timestamp || Date.now(), Date.now())).toISOString();
      await ask(this.#url, { method: "PUT", body: { latitude, longitude, accuracy, at } });
      if (asked === this.#wanted) this.#say(said.replace("{n}", Math.max(1, Math.round(accuracy))));
      return true;
    } catch (error) {
      if (asked !== this.#wanted) return true;
      if (error.status === 409) this.stop();
      this.#say(texts.where_failed);
      return false;
    }
  }

  #failed(error) {
    this.stop();
    this.#say(error.code === DENIED ? texts.where_denied : texts.where_unknown);
  }

  #say(text) {
    $("#where-said").textContent = text;
  }
}
