// Which part of the plane the map shows, and how hands and keys move it.

const SLOP = 5; // pixels that a click may wander

// x, y: the place in the middle; scale: pixels a unit. Up is larger y.
class View {
  // on: what to call: changed(), clicked(x, y, reach), hovered(x, y), all().
  constructor(canvas, on) {
    Object.assign(this, { canvas, on, x: 0, y: 0, scale: 1, whole: 1 }); // whole: of all words
    this.pointers = new Map(); // those that are down, by id
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => this.up(event));
    }
    canvas.addEventListener("pointerleave", () => this.on.hovered());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  // The size of the map in pixels; kept, since to ask the canvas takes longer than to draw a point.
  resize() {
    this.width = Math.max(1, this.canvas.clientWidth);
    this.height = Math.max(1, this.canvas.clientHeight);
  }

  toScreen(x, y) {
    return [
      (x - this.x) * this.scale + this.width / 2,
      (this.y - y) * this.scale + this.height / 2,
    ];
  }

  // Show a rectangle of the plane, all of it, at once or in a third of a second.
  show(box, isSlow = true) {
    const { left, right, bottom, top } = box;
    this.glide({ x: (left + right) / 2, y: (bottom + top) / 2, scale: this.fitting(box) }, isSlow);
  }

  // The scale at which a rectangle fills the map, but for some room for names at its edges.
  fitting({ left, right, bottom, top }) {
    return 0.84 * Math.min(this.width / (right - left), this.height / (top - bottom));
  }

  glide(to, isSlow) {
    cancelAnimationFrame(this.gliding);
    const { x, y, scale } = this;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const begun = performance.now();
    const step = (now) => {
      const time = isSlow && !isStill ? Math.min(1, Math.max(0, now - begun) / 300) : 1;
      const share = time * (2 - time);
      this.x = x + (to.x - x) * share;
      this.y = y + (to.y - y) * share;
      this.scale = scale * (to.scale / scale) ** share;
      this.on.changed();
      if (time < 1) this.gliding = requestAnimationFrame(step);
    };
    step(begun);
  }

  pan(dx, dy) {
    cancelAnimationFrame(this.gliding);
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
    this.on.changed();
  }

  // Zoom by a factor; the place under a point of the screen stays there.
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const scale = Math.min(Math.max(this.scale * factor, this.whole / 5), this.whole * 500);
    const [dx, dy] = [x - this.width / 2, y - this.height / 2];
    const kept = 1 / this.scale - 1 / scale;
    cancelAnimationFrame(this.gliding);
    this.x += dx * kept;
    this.y -= dy * kept;
    this.scale = scale;
    this.on.changed();
  }

  down(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    this.wandered = this.pointers.size > 1 ? Infinity : 0;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.on.hovered(event.offsetX, event.offsetY);
    const [dx, dy] = [event.offsetX - before.offsetX, event.offsetY - before.offsetY];
    this.pointers.set(event.pointerId, event);
    this.wandered += Math.abs(dx) + Math.abs(dy);
    const others = [...this.pointers.values()].filter((pointer) => pointer !== event);
    if (others.length === 0) {
      if (this.wandered > SLOP) this.pan(dx, dy);
    } else {
      const [other] = others; // of two fingers, each moves the map by half
      const gap = (one) => Math.hypot(one.offsetX - other.offsetX, one.offsetY - other.offsetY);
      this.pan(dx / 2, dy / 2);
      this.zoom(gap(event) / Math.max(gap(before), 1), other.offsetX, other.offsetY);
    }
  }

  up(event) {
    const isClick = this.pointers.delete(event.pointerId) && this.wandered <= SLOP;
    if (isClick && event.type === "pointerup") {
      this.on.clicked(event.offsetX, event.offsetY, event.pointerType === "touch" ? 24 : 10);
    }
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode ? 30 : 1);
    this.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), event.offsetX, event.offsetY);
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return; // the browser's own
    const step = 80;
    const actions = {
      ArrowLeft: () => this.pan(step, 0),
      ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step),
      ArrowDown: () => this.pan(0, -step),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => this.on.all(),
      Enter: () => this.on.clicked(this.width / 2, this.height / 2, Infinity),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
