// A field that completes words: a combobox, as the ARIA Authoring Practices describe it.

const OFFERED = 8; // completions

// chosen() is called when a word was taken from the list.
function completing(input, words, chosen) {
  const list = document.createElement("ul");
  let active = -1;
  list.className = "completion";
  list.id = `completion-${document.querySelectorAll(".completion").length}`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Words");
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": list.id,
    "aria-expanded": "false",
  })) input.setAttribute(name, value);

  function show(isOpen) {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    activate(-1);
  }

  function activate(place) {
    active = place;
    for (const [i, option] of [...list.children].entries()) {
      option.setAttribute("aria-selected", String(i === place));
    }
    if (place < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[place].id);
    list.children[place].scrollIntoView({ block: "nearest" });
  }

  function offer() {
    const text = input.value.trim();
    const ids = text ? words.complete(text, OFFERED) : [];
    list.replaceChildren(...ids.map((id, i) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${i}`;
      option.setAttribute("role", "option");
      option.dir = "auto";
      option.textContent = words.names[id];
      option.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus
      option.addEventListener("click", () => choose(i));
      return option;
    }));
    show(ids.length > 0);
  }

  function choose(place) {
    input.value = list.children[place].textContent;
    show(false);
    chosen();
  }

  input.addEventListener("input", () => {
    input.removeAttribute("aria-invalid");
    offer();
  });
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    const count = list.children.length;
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      show(false);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      choose(active);
    } else if (event.key === "Enter") { // the form is sent: its answer is not to be covered
      show(false);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.altKey) {
      event.preventDefault();
      if (list.hidden) return offer();
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate(active < 0 && step < 0 ? count - 1 : (active + step + count) % count);
    }
  });
}
