// The words that travel with the page, and what can be computed from them.
// A word's id is its place by frequency: 0 is the most frequent.

const NOBODY = 0xffffffff; // in place of a neighbour, where a word has fewer than the others

async function unpack({ type, packed }) {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new globalThis[type](await new Response(stream).arrayBuffer());
}

class Words {
  static async read(page) {
    const words = new Words();
    for (const [name, array] of Object.entries(page.arrays)) words[name] = await unpack(array);
    words.names = page.words;
    words.size = page.words.length;
    words.nNear = words.near.length / words.size;
    words.nDimensions = words.directions.length / words.size;
    words.lengths = words.measured();
    words.ids = new Map(page.words.map((word, id) => [word, id]));
    words.folded = page.words.map((word) => word.toLowerCase());
    return words;
  }

  // The id of a word; letter case matters only where two words differ in nothing else.
  find(text) {
    const id = this.ids.get(text) ?? this.folded.indexOf(text.toLowerCase());
    return id < 0 ? undefined : id;
  }

  // Ids of words that begin with the text, the most frequent first, then of those that hold it.
  complete(text, count) {
    const folded = text.toLowerCase();
    const found = [[], []];
    for (let id = 0; id < this.size && found[0].length < count; id++) {
      const at = this.folded[id].indexOf(folded);
      if (at >= 0) found[Math.min(at, 1)].push(id);
    }
    return found.flat().slice(0, count);
  }

  // The neighbours that the command computed in full precision: [{id, cosine}], best first.
  neighbours(id) {
    const first = id * this.nNear;
    const ids = [...this.near.subarray(first, first + this.nNear)];
    return ids
      .map((near, i) => ({ id: near, cosine: this.thousandths[first + i] / 1000 }))
      .filter((answer) => answer.id !== NOBODY);
  }

  // The word's direction, rounded to 8 bits a number; all numbers are 0 where it has none.
  direction(id) {
    const { nDimensions: n } = this;
    return unit(Float64Array.from(this.directions.subarray(id * n, id * n + n)));
  }

  // The cosine of every word to a direction of length 1.
  cosines(direction) {
    const { nDimensions: n, directions } = this;
    const cosines = new Float32Array(this.size);
    for (let id = 0, at = 0; id < this.size; id++) {
      let product = 0;
      for (let d = 0; d < n; d++, at++) product += directions[at] * direction[d];
      cosines[id] = product / this.lengths[id];
    }
    return cosines;
  }

  // The lengths of the directions before they are stretched to 1; 1 where all numbers are 0.
  measured() {
    const { nDimensions: n, directions } = this;
    return Float32Array.from({ length: this.size }, (_, id) => {
      let square = 0;
      for (let at = id * n; at < id * n + n; at++) square += directions[at] ** 2;
      return Math.sqrt(square) || 1;
    });
  }
}

function sum(one, sign, other) {
  return one.map((number, d) => number + sign * other[d]);
}

// The vector at length 1, or zeros where it has no direction.
function unit(vector) {
  const length = Math.hypot(...vector);
  return length > 1e-9 ? vector.map((number) => number / length) : vector.fill(0);
}

// The ids of the largest numbers, best first; equal ones by id.
function largest(numbers, count, excluded) {
  const best = [];
  for (let id = 0; id < numbers.length; id++) {
    if (best.length === count && numbers[id] <= numbers[best[count - 1]]) continue;
    if (excluded.includes(id)) continue;
    let place = best.length;
    while (place && numbers[best[place - 1]] < numbers[id]) place--;
    best.splice(place, 0, id);
    best.length = Math.min(best.length, count);
  }
  return best;
}
