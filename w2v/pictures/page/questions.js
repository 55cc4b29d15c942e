// The questions: how each is written in the page's address, and what is answered.

const ANSWERS = 20; // to an analogy: as many as the neighbours that travel with the page
const FREQUENT = 1000; // words in view that are laid along an axis,
const AT_END = 30; // of which so many are shown at each of its ends
const ROUNDED = "From vectors rounded to 8 bits a number, so cosines are true to about 0.01.";

// Each takes the words of the page and the ids of the question, and returns an answer:
//   title, note   what is shown above the list
//   rows          [{id, cosine, digits}], or none where they depend on what is in view
//   direction     of length 1, for colours and for the axis
//   marked        ids on the map; isStar: the first is tied to the others
//   isSided       cosines are shown from one side to the other, on the map as it stands
// or {error}, a sentence.
const KINDS = {
  near(words, [id]) {
    const rows = words.neighbours(id).map((row) => ({ ...row, digits: 3 }));
    const count = words.counts[id];
    const often = count ? `, seen ${number(count)} times` : "";
    const rank = `Word ${number(id + 1)} by frequency${often}.`;
    const none = rows.length ? "" : " It has no neighbours: its vector is 0, or it is alone.";
    return {
      title: `Near ${isolated(words.names[id])}`,
      note: rank + none,
      rows,
      direction: words.direction(id),
      marked: [id, ...rows.map((row) => row.id)],
      isStar: true,
    };
  },

  analogy(words, ids) {
    const [a, b, c] = ids.map((id) => words.direction(id));
    const direction = unit(sum(sum(a, 1, b), -1, c));
    const [nameA, nameB, nameC] = ids.map((id) => isolated(words.names[id]));
    if (direction.every((x) => x === 0)) return { error: "These words cancel out; ask with others." };
    const cosines = words.cosines(direction);
    const rows = largest(cosines, ANSWERS, ids).map((id) => ({ id, cosine: cosines[id], digits: 2 }));
    return {
      title: `Near ${nameA} + ${nameB} − ${nameC}`,
      note: ROUNDED,
      rows,
      direction,
      marked: [...ids, ...rows.map((row) => row.id)],
    };
  },

  axis(words, ids) {
    const [a, b] = ids.map((id) => words.direction(id));
    const direction = unit(sum(b, -1, a));
    const [from, to] = ids.map((id) => isolated(words.names[id]));
    if (direction.every((x) => x === 0)) return { error: "These words have no axis; ask with others." };
    return {
      title: `From ${from} to ${to}`,
      note: `Frequent words in view, by their cosine to ${to} − ${from}. ${ROUNDED}`,
      direction,
      marked: ids,
      isSided: true,
    };
  },
};

// Words in order along an axis: all of them, or those at its two ends.
function alongAxis(cosines, ids) {
  const sorted = [...new Set(ids)].sort((one, other) => cosines[one] - cosines[other]);
  return sorted.length > 2 * AT_END ? [...sorted.slice(0, AT_END), ...sorted.slice(-AT_END)] : sorted;
}

// A question is {kind, texts}; in the address `#near=chip`, `#axis=man&axis=woman`.
function toHash({ kind, texts }) {
  return `#${new URLSearchParams(texts.map((text) => [kind, text]))}`;
}

// The question in an address, or undefined.
function fromHash(hash) {
  const parameters = new URLSearchParams(hash.slice(1));
  const [kind] = parameters.keys();
  const texts = parameters.getAll(kind);
  const needed = { near: 1, analogy: 3, axis: 2 }[kind];
  return texts.length === needed ? { kind, texts } : undefined;
}

function number(value) {
  return value.toLocaleString("en");
}

// A word in a sentence: whatever direction it is written in, the sentence keeps its own.
function isolated(name) {
  return `\u2068${name}\u2069`;
}
