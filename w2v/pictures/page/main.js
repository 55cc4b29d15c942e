// The page: what is asked goes into its address, and whatever the address asks is shown; so the
// browser's own back and forward work, and a link can hold a question.

const $ = (selector) => document.querySelector(selector);
const LISTED = 30; // words while nothing is asked

class Page {
  constructor(words) {
    this.words = words;
    this.map = new WordMap($("canvas"), words, {
      drawn: () => this.drawn(),
      asked: (id) => this.ask("near", [words.names[id]]),
      hovered: (id, x, y) => this.hover(id, x, y),
    });
    for (const radio of document.querySelectorAll("[name=kind]")) {
      radio.addEventListener("change", () => this.showForm(radio.value));
    }
    for (const form of document.querySelectorAll("form")) this.listen(form);
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.map.view.zoom(Number(button.dataset.zoom)));
    }
    $("#back").addEventListener("click", () => history.back());
    $("#forward").addEventListener("click", () => history.forward());
    $("#all").addEventListener("click", () => this.ask());
    $("select").addEventListener("change", () => {
      this.hasChosen = true;
      this.colour();
    });
    addEventListener("hashchange", () => this.show());
    addEventListener("keydown", (event) => this.key(event));
    this.followTheme();
    this.show();
  }

  listen(form) {
    const inputs = [...form.querySelectorAll("input")];
    for (const input of inputs) {
      completing(input, this.words, () => {
        const empty = inputs.find((other) => !other.value.trim());
        if (empty) empty.focus();
        else form.requestSubmit();
      });
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const texts = inputs.map((input) => input.value.trim());
      const missing = inputs[texts.indexOf("")];
      if (!missing) return this.ask(form.dataset.kind, texts);
      missing.setAttribute("aria-invalid", "true");
      missing.focus();
      $("#note").textContent = "A word is missing.";
      this.tell("A word is missing.");
    });
  }

  // Without a kind: nothing is asked, all words are shown.
  ask(kind, texts) {
    const hash = kind ? toHash({ kind, texts }) : "#";
    if (hash === location.hash || hash === `#${location.hash}`) this.show();
    else location.hash = hash;
  }

  // Show what the address asks.
  show() {
    clearTimeout(this.waiting); // what was in view is no answer to a new question
    const question = fromHash(location.hash);
    const hadFocus = $("#answers").contains(document.activeElement);
    this.answer = question && this.answerTo(question);
    this.shown = undefined;
    const { title, note = "", rows, direction, isSided } = this.answer ?? {};
    $("#heading").textContent = title ?? "In view, by frequency";
    $("#note").textContent = note;
    if (rows) this.list(rows);
    if (question) this.fill(question);
    if (isSided || !this.hasChosen) $("select").value = direction ? "near" : "rank";
    this.map.mark(this.answer ?? {});
    this.colour();
    if (!rows) this.listView();
    if (hadFocus) $("#answers button")?.focus();
    this.announce();
  }

  answerTo({ kind, texts }) {
    const ids = texts.map((text) => this.words.find(text));
    const unknown = ids.indexOf(undefined);
    const title = texts.map(isolated).join(", ");
    if (unknown >= 0) {
      return { title, note: `There is no word ${isolated(texts[unknown])} here.`, rows: [] };
    }
    const answer = KINDS[kind](this.words, ids);
    return answer.error ? { title, note: answer.error, rows: [] } : answer;
  }

  fill({ kind, texts }) {
    $(`[name=kind][value=${kind}]`).checked = true;
    this.showForm(kind);
    const inputs = document.querySelectorAll(`form[data-kind=${kind}] input`);
    for (const [i, input] of inputs.entries()) {
      input.value = texts[i];
      const isKnown = this.words.find(texts[i]) !== undefined;
      if (isKnown) input.removeAttribute("aria-invalid");
      else input.setAttribute("aria-invalid", "true");
    }
  }

  showForm(kind) {
    for (const form of document.querySelectorAll("form")) form.hidden = form.dataset.kind !== kind;
  }

  announce() {
    const [best] = this.answer?.rows ?? [];
    const first = best ? `; the first is ${isolated(this.words.names[best.id])}` : "";
    const count = this.answer?.rows ? `${this.answer.rows.length} words${first}. ` : "";
    this.tell(`${$("#heading").textContent}. ${count}${$("#note").textContent}`);
  }

  tell(text) {
    $("#status").textContent = text;
  }

  // The map was drawn: lists that depend on what is in view follow, once it stands still.
  drawn() {
    clearTimeout(this.waiting);
    if (!this.answer?.rows) this.waiting = setTimeout(() => this.listView(), 150);
  }

  listView() {
    const { answer, words } = this;
    const inView = this.map.inView(answer ? FREQUENT : LISTED);
    const ids = answer ? alongAxis(this.cosines, [...inView, ...answer.marked]) : inView;
    const shown = ids.join();
    if (shown === this.shown) return; // so that a focus in the list stays
    this.shown = shown;
    this.list(ids.map((id) => ({ id, cosine: answer && this.cosines[id], digits: 2 })));
  }

  list(rows) {
    const { words, answer } = this;
    const widest = Math.max(...rows.map((row) => Math.abs(row.cosine ?? 0)), 1e-9);
    const items = rows.map(({ id, cosine, digits }) => {
      const item = document.createElement("li");
      const button = item.appendChild(document.createElement("button"));
      const name = button.appendChild(document.createElement("bdi"));
      name.textContent = button.title = words.names[id];
      button.type = "button";
      button.addEventListener("click", () => this.ask("near", [words.names[id]]));
      if (answer?.isSided && answer.marked.includes(id)) item.className = "asked";
      const value = document.createElement("span");
      value.className = "number";
      if (cosine === undefined) {
        value.textContent = words.counts[id] ? number(words.counts[id]) : "";
      } else {
        const bar = button.appendChild(document.createElement("span"));
        const mark = bar.appendChild(document.createElement("i"));
        bar.className = answer.isSided ? "bar sides" : "bar";
        if (answer.isSided) mark.style.left = `${50 + (50 * cosine) / widest}%`;
        else mark.style.width = `${100 * Math.max(0, cosine)}%`;
        value.textContent = cosine.toFixed(digits);
      }
      button.append(value);
      return item;
    });
    $("#answers").replaceChildren(...items);
    $("#answers").scrollTop = 0;
  }

  // Give every word its colour: by frequency, or by its cosine to what is asked.
  colour() {
    const { words, answer } = this;
    const select = $("select");
    const [, near] = select.options;
    near.disabled = !answer?.direction;
    near.textContent = answer?.isSided ? "along the axis" : "how near";
    this.cosines = answer?.direction && words.cosines(answer.direction);
    const isNear = Boolean(this.cosines && select.value === "near");
    const isSided = isNear && answer.isSided;
    const shades = new Uint8Array(words.size);
    const names = answer?.isSided ? answer.marked.map((id) => shortened(words.names[id])) : [];
    let ends = ["rare", "frequent"];
    if (!isNear) {
      const widest = Math.log(words.size + 1);
      for (let id = 0; id < words.size; id++) shades[id] = 255 * (1 - Math.log(id + 1) / widest);
    } else {
      const widest = isSided ? 0.4 : 0.8;
      const least = isSided ? -widest : 0;
      const share = (cosine) => Math.min(1, Math.max(0, (cosine - least) / (widest - least)));
      for (let id = 0; id < words.size; id++) shades[id] = 255 * share(this.cosines[id]);
      ends = isSided ? names : ["0", String(widest)];
    }
    [$("#low").textContent, $("#high").textContent] = ends;
    $("#ramp").className = isSided ? "sides" : "";
    const style = getComputedStyle(document.documentElement);
    const ramp = style.getPropertyValue(isSided ? "--sides" : "--ramp");
    this.map.colour(shades, ramp.split(",").map((colour) => colour.trim()));
  }

  hover(id, x, y) {
    const box = $("#hover");
    box.hidden = id === undefined;
    if (box.hidden) return;
    const count = this.words.counts[id];
    box.textContent = `${isolated(this.words.names[id])}${count ? ` · ${number(count)}` : ""}`;
    const right = Math.min(x + 14, this.map.view.width - box.offsetWidth - 4);
    box.style.left = `${Math.max(0, right)}px`;
    box.style.top = `${y < 40 ? y + 16 : y - 34}px`;
  }

  // The system's choice of dark or light, until the button is pressed.
  followTheme() {
    const isDark = matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement;
    const set = (theme) => {
      root.dataset.theme = theme;
      this.colour();
    };
    const follow = () => set(isDark.matches ? "dark" : "light");
    isDark.addEventListener("change", follow);
    $("#theme").addEventListener("click", () => {
      isDark.removeEventListener("change", follow);
      set(root.dataset.theme === "dark" ? "light" : "dark");
    });
    follow();
  }

  key(event) {
    if (event.key !== "/" || event.target.matches("input, select")) return;
    event.preventDefault();
    $("form:not([hidden]) input").focus();
  }
}

async function start() {
  const page = JSON.parse($("#data").textContent);
  $("#data").remove();
  const words = await Words.read(page);
  const most = page.isAll ? "" : "most frequent ";
  $("#about").textContent = `${number(words.size)} ${most}words × ${words.nDimensions}, beside <unk>`;
  new Page(words);
}

start().catch((error) => {
  $("#about").textContent = `This page needs a browser of 2023 or newer (${error.message}).`;
  throw error;
});
