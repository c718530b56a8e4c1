/* What may overtake each other, and must not: work, answers, and a list that is told anew while somebody uses it. */

/* Work that is done one piece after the other, however the one before ended: gives what this piece gives. */
export function queue() {
  let last = Promise.resolve();
  return (work) => (last = last.then(() => work(), () => work()));
}

/* A question whose answers count in the order of asking: null is no answer, or one that a later one overtook. */
export function inOrder(question) {
  let asked = 0;
  let taken = 0;
  return async () => {
    const turn = ++asked;
    const told = await question();
    if (told === null || turn < taken) return null;
    taken = turn;
    return told;
  };
}

const saying = new WeakMap();

/* Have a list say all of these, each by a row that is made of it. A row of which nothing changed stays where it is: what is
   being pressed in it, or has the focus, is not taken away. */
export function keep(list, all, row) {
  const wanted = all.map((one) => JSON.stringify(one));
  for (const old of [...list.children]) if (!wanted.includes(saying.get(old))) old.remove();
  wanted.forEach((says, place) => {
    const there = [...list.children].find((one) => saying.get(one) === says);
    if (there && there === list.children[place]) return;
    const item = there ?? row(all[place]);
    saying.set(item, says);
    list.insertBefore(item, list.children[place] ?? null);
  });
}
