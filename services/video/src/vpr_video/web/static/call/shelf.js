/* Where chunks of a recording wait that no service acknowledged yet: this browser's IndexedDB, of this origin alone.
   A page that dies loses none of them; what was acknowledged or refused is removed at once. Without it all goes on in memory. */

const CHUNKS = "chunks";
const ITEMS = "items";

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

export class Shelf {
  #opening;

  constructor(name = "vpr-evidence") {
    this.#opening = new Promise((resolve) => {
      if (!window.indexedDB) return resolve(null);
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(ITEMS);
        request.result.createObjectStore(CHUNKS);
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => resolve(null);
    });
  }

  open(id, base) {
    return this.#write([ITEMS], (at) => at(ITEMS).put(base, id));
  }

  put(id, sequence, blob) {
    return this.#write([CHUNKS], (at) => at(CHUNKS).put(blob, [id, sequence]));
  }

  take(id, sequence) {
    return this.#write([CHUNKS], (at) => at(CHUNKS).delete([id, sequence]));
  }

  forget(id) {
    return this.#write([ITEMS, CHUNKS], (at) => {
      at(ITEMS).delete(id);
      at(CHUNKS).delete(IDBKeyRange.bound([id], [id, []]));
    });
  }

  /* What is left below base: [{id, base, chunks: [[sequence, blob]]}]. */
  async left(base) {
    const open = await this.#opening;
    if (!open) return [];
    const at = open.transaction([ITEMS, CHUNKS]);
    const [ids, bases, keys, blobs] = await Promise.all([
      done(at.objectStore(ITEMS).getAllKeys()), done(at.objectStore(ITEMS).getAll()),
      done(at.objectStore(CHUNKS).getAllKeys()), done(at.objectStore(CHUNKS).getAll())]);
    const chunksOf = (id) => keys.map(([of, sequence], place) => [of, sequence, blobs[place]])
      .filter(([of]) => of === id).map(([, sequence, blob]) => [sequence, blob]);
    return ids.map((id, place) => ({ id, base: bases[place], chunks: chunksOf(id) })).filter((one) => one.base === base);
  }

  async #write(stores, act) {
    const open = await this.#opening;
    if (!open) return;
    const at = open.transaction(stores, "readwrite");
    act((name) => at.objectStore(name));
    await new Promise((resolve) => { at.oncomplete = at.onerror = at.onabort = resolve; });
  }
}
