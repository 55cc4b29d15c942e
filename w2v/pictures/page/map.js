// The map: every word a point, names where there is room, the answers of a question marked.
//
// The points are written into an array of pixels: a hundred thousand take some milliseconds on any
// machine, where WebGL without a graphics card needs a second.

const FONT = "system-ui, sans-serif";
const LARGE = 200; // so many of the most frequent words have larger points
const LONGEST = 28; // letters of a name on the map
const CELL = 6; // pixels: names keep apart by whole cells

class WordMap {
  constructor(canvas, words, on) {
    Object.assign(this, { canvas, words, on, marked: [], named: [], strength: 1 });
    this.shades = new Uint8Array(words.size); // the colour of each word, a place on the ramp
    this.view = new View(canvas, {
      changed: () => this.draw(),
      clicked: (x, y, reach) => this.click(x, y, reach),
      hovered: (x, y) => this.hover(x, y),
      all: () => this.showAll(),
    });
    this.radius = 1.2 * Math.max(1, (30000 / words.size) ** 0.25); // pixels, where all are in view
    this.widths = new Map();
    this.resize();
    this.showAll(false);
    new ResizeObserver(() => this.resize()).observe(canvas);
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
  }

  resize() {
    const { canvas } = this;
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.view.resize();
    canvas.width = Math.round(this.view.width * this.ratio);
    canvas.height = Math.round(this.view.height * this.ratio);
    this.pen = canvas.getContext("2d", { alpha: false });
    this.pixels = undefined;
    this.draw();
  }

  // The middle 99 % of the words, so that a few far ones do not press all others together.
  showAll(isSlow = true) {
    const ends = (numbers) => {
      const sorted = Float32Array.from(numbers).sort();
      const cut = Math.floor(0.005 * sorted.length);
      return [sorted[cut], sorted[sorted.length - 1 - cut]];
    };
    const box = boxOf(ends(this.words.x), ends(this.words.y));
    this.view.whole = this.view.fitting(box);
    this.view.show(box, isSlow);
  }

  // Mark the words of an answer and move to them; to all words where nothing is marked.
  mark({ marked = [], isStar = false, isSided = false }) {
    Object.assign(this, { marked, isStar });
    this.strength = marked.length && !isSided ? 0.4 : 0.85; // what is not marked stands back
    const { x, y } = this.words;
    if (!marked.length) this.showAll();
    else if (!isSided) this.view.show(boxOf(marked.map((id) => x[id]), marked.map((id) => y[id])));
  }

  // Colour each word by its shade, 0 to 255, on a ramp of colours (a list of #rrggbb).
  colour(shades, ramp) {
    const style = getComputedStyle(document.documentElement);
    const named = (name) => style.getPropertyValue(`--${name}`).trim();
    const names = ["ground", "text", "faint", "accent"];
    this.theme = Object.fromEntries(names.map((name) => [name, named(name)]));
    this.shades = shades;
    this.ramp = rampOf(ramp);
    this.draw();
  }

  draw() {
    if (this.frame === undefined) {
      this.frame = requestAnimationFrame(() => {
        this.frame = undefined;
        if (this.ramp) this.drawNow();
      });
    }
  }

  drawNow() {
    const { pen, view } = this;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    this.drawPoints();
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.drawMarks();
    this.drawNames();
    if (this.canvas.matches(":focus-visible")) this.drawCross(view.width / 2, view.height / 2);
    this.on.drawn();
  }

  // All points, the most frequent on top. The array has a margin, so that no disc is cut.
  drawPoints() {
    const { ratio, view, words, shades, ramp } = this;
    const radius = ratio * Math.min(6, this.radius * (view.scale / view.whole) ** 0.3);
    const margin = Math.ceil(2 * radius) + 2;
    const [width, height] = [this.canvas.width + 2 * margin, this.canvas.height + 2 * margin];
    if (this.pixels?.width !== width || this.pixels.height !== height) {
      this.pixels = new ImageData(width, height);
    }
    const pixels = new Uint32Array(this.pixels.data.buffer);
    pixels.fill(packed(this.theme.ground));
    const large = disc(1.6 * radius, this.strength, width);
    const small = disc(radius, this.strength, width);
    const scale = view.scale * ratio;
    const left = this.canvas.width / 2 + margin - view.x * scale;
    const top = this.canvas.height / 2 + margin + view.y * scale;
    const edge = margin - Math.floor(margin / 2);
    const [right, bottom] = [width - edge, height - edge];
    const { x: xs, y: ys } = words;
    for (let id = words.size - 1; id >= 0; id--) {
      const x = (left + xs[id] * scale) | 0;
      const y = (top - ys[id] * scale) | 0;
      if (x < edge || y < edge || x >= right || y >= bottom) continue;
      stamp(pixels, y * width + x, id < LARGE ? large : small, ramp[shades[id]]);
    }
    this.pen.putImageData(this.pixels, -margin, -margin);
  }

  drawMarks() {
    const { pen, marked } = this;
    const places = marked.map((id) => this.place(id));
    pen.lineWidth = 1;
    pen.strokeStyle = this.theme.accent;
    pen.globalAlpha = 0.45;
    pen.beginPath();
    for (const place of this.isStar ? places.slice(1) : []) {
      pen.moveTo(...places[0]);
      pen.lineTo(...place);
    }
    pen.stroke();
    pen.globalAlpha = 1;
    for (const [i, [x, y]] of places.entries()) {
      pen.beginPath();
      pen.arc(x, y, i ? 4 : 6, 0, 2 * Math.PI);
      pen.fillStyle = cssColour(this.ramp[this.shades[marked[i]]]);
      pen.fill();
      pen.lineWidth = 1.5;
      pen.stroke();
    }
  }

  // The names of the marked words, then, in each field of the map, of its most frequent word that
  // finds room; so that rare words have names where they are among themselves.
  drawNames() {
    const { view, marked } = this;
    const columns = Math.ceil(view.width / CELL);
    const taken = new Uint8Array(columns * Math.ceil(view.height / CELL));
    this.named = [];
    const first = this.hovered === undefined ? marked : [this.hovered, ...marked];
    for (const place of first.map((id) => this.place(id))) {
      const [column, row] = place.map((pixel) => Math.floor(pixel / CELL));
      if (column >= 0 && column < columns && row >= 0) taken[row * columns + column] = 1;
    }
    for (const id of first) this.drawName(id, taken, columns, true);
    const [wide, high] = this.strength < 0.5 ? [150, 72] : [96, 36]; // pixels of a field
    const inRow = Math.ceil(view.width / wide);
    const isNamed = new Uint8Array(inRow * Math.ceil(view.height / high));
    const isMarked = new Set(first);
    this.eachInView((id, x, y) => {
      const field = Math.floor(y / high) * inRow + Math.floor(x / wide);
      if (isNamed[field] || isMarked.has(id)) return;
      isNamed[field] = this.drawName(id, taken, columns, false);
    });
  }

  // Whether there was room for it.
  drawName(id, taken, columns, isMarked) {
    const { pen, view } = this;
    const [x, y] = this.place(id);
    if (x < 0 || y < 0 || x >= view.width || y >= view.height) return false;
    const [column, row] = [Math.floor(x / CELL), Math.floor(y / CELL)];
    if (!isMarked && taken[row * columns + column]) return false; // before its width is asked for
    const name = shortened(this.words.names[id]);
    pen.font = `${id === this.marked[0] ? "bold " : ""}13px ${FONT}`;
    const width = this.widthOf(name, pen.font);
    const gap = id === this.marked[0] ? 9 : 7;
    const [right, left, middle] = [x + gap, x - gap - width, x - width / 2];
    // Beside its point to the right; if that is not free and the word is marked, the next.
    const spots = [
      [right, 8], [left, 8], [middle, 23], [middle, -7],
      [right, 18], [right, -2], [left, 18], [left, -2],
    ];
    for (const [left, up] of isMarked ? spots : spots.slice(0, 1)) {
      const top = y - up;
      const box = { left, top, right: left + width, bottom: top + 16 };
      const isOutside = left < 0 || top < 0 || box.right > view.width || box.bottom > view.height;
      if (isOutside || !take(taken, columns, box)) continue;
      pen.lineWidth = 3;
      pen.lineJoin = "round";
      pen.strokeStyle = this.theme.ground;
      pen.strokeText(name, left, top + 12.5);
      pen.fillStyle = isMarked || !this.marked.length ? this.theme.text : this.theme.faint;
      pen.fillText(name, left, top + 12.5);
      this.named.push({ id, box });
      return true;
    }
    return false;
  }

  drawCross(x, y) {
    const { pen } = this;
    pen.lineWidth = 1.5;
    pen.strokeStyle = this.theme.accent;
    pen.beginPath();
    for (const [dx, dy] of [[9, 0], [0, 9]]) {
      pen.moveTo(x - dx, y - dy);
      pen.lineTo(x + dx, y + dy);
    }
    pen.stroke();
  }

  place(id) {
    return this.view.toScreen(this.words.x[id], this.words.y[id]);
  }

  widthOf(name, font) {
    const key = font + name;
    if (!this.widths.has(key)) this.widths.set(key, this.pen.measureText(name).width);
    return this.widths.get(key);
  }

  // The word at a point of the screen, by its name or its point; undefined where there is none.
  at(x, y, reach) {
    const inside = (box) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    const name = this.named.find(({ box }) => inside(box));
    if (name && reach < Infinity) return name.id; // Enter asks for the nearest point
    let [nearest, distance] = [undefined, reach];
    this.eachInView((id, px, py) => {
      const gap = Math.sqrt((px - x) ** 2 + (py - y) ** 2);
      if (gap < distance) [nearest, distance] = [id, gap];
    });
    return nearest;
  }

  click(x, y, reach) {
    const id = this.at(x, y, reach);
    if (id !== undefined) this.on.asked(id);
  }

  hover(x, y) {
    const id = x === undefined ? undefined : this.at(x, y, 10);
    this.canvas.style.cursor = id === undefined ? "" : "pointer";
    this.on.hovered(id, x, y);
    if (id !== this.hovered) {
      this.hovered = id;
      this.draw();
    }
  }

  // The ids of the most frequent words in view.
  inView(count) {
    const found = [];
    this.eachInView((id) => {
      found.push(id);
      return found.length === count;
    });
    return found;
  }

  // Call see(id, x, y) for the words in view, the most frequent first, until it returns true.
  eachInView(see) {
    const { x, y, size } = this.words;
    const { width, height, scale } = this.view;
    const [left, top] = this.view.toScreen(0, 0);
    for (let id = 0; id < size; id++) {
      const [px, py] = [left + x[id] * scale, top - y[id] * scale];
      if (px >= 0 && py >= 0 && px < width && py < height && see(id, px, py)) return;
    }
  }
}

// The rectangle around places, never empty.
function boxOf(xs, ys) {
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  const pad = 0.02 * Math.max(right - left, top - bottom) || 1;
  return { left: left - pad, right: right + pad, bottom: bottom - pad, top: top + pad };
}

// Mark a box as taken, if all of it was free.
function take(taken, columns, { left, top, right, bottom }) {
  const [first, last] = [Math.floor(left / CELL), Math.floor(right / CELL)];
  const [above, below] = [Math.floor(top / CELL), Math.floor((bottom - 1) / CELL)];
  const rows = [];
  for (let row = above; row <= below; row++) {
    rows.push([row * columns + first, row * columns + last + 1]);
  }
  if (rows.some(([begin, end]) => taken.subarray(begin, end).includes(1))) return false;
  for (const [begin, end] of rows) taken.fill(1, begin, end);
  return true;
}

function shortened(name) {
  const letters = [...name];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : name;
}
