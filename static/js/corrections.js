// The correction page: keys to move by, and a mark beside what was changed. The server decides what a change is.

const form = document.getElementById("correction");
const rows = [...form.querySelectorAll("tr[data-marker]")];
const isCell = (element) => element.matches?.("input.entry-value");
const cells = () => [...form.querySelectorAll("input.entry-value")].filter((cell) => cell.offsetParent !== null);
const fields = (of) => [...of.querySelectorAll("input:not([type=hidden]), select, button")].filter((field) => field.offsetParent !== null);
const before = new WeakMap();

// What the record says stands in `data-base`; a page that comes back with an error holds what was typed.
const isTyped = (field) => field.value.trim() !== field.dataset.base;

function showMarks() {
  const typed = [...form.querySelectorAll("[data-base]")].filter(isTyped);
  const changed = new Set(typed.map((field) => field.closest("tr[data-marker]")));
  for (const row of rows) {
    row.querySelector("[data-mark]").textContent = changed.has(row) ? form.dataset.changed : "";
  }
  const count = changed.size - (changed.has(null) ? 1 : 0) + typed.filter((field) => !field.closest("tr")).length;
  form.querySelector("[data-count]").textContent = count === 0 ? "" : form.dataset.counted.replace("%(count)s", count);
}

function step(from, by) {
  const all = cells();
  const next = all[all.indexOf(from) + by];
  if (next) {
    next.focus();
    next.select();
  } else if (by > 0) {
    form.elements.reason.focus();
  }
}

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("input, select")) {
    before.set(target, target.value);
  }
});

for (const one of document.querySelectorAll("form.correction")) {
  one.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.isComposing) {
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      target.blur();
      one.requestSubmit(one.querySelector("button[type=submit]"));
    } else if (event.key === "Enter" && target.matches("input, select")) {
      // A barcode reader ends with Enter: it moves on and never sends.
      event.preventDefault();
      if (isCell(target)) {
        step(target, event.shiftKey ? -1 : 1);
      } else {
        const all = fields(one);
        all[all.indexOf(target) + (event.shiftKey ? -1 : 1)]?.focus();
      }
    } else if (event.key === "Escape" && target.matches("input")) {
      event.preventDefault();
      target.value = before.get(target) ?? target.defaultValue;
      target.dispatchEvent(new Event("input", { bubbles: true }));
      target.select?.();
    } else if (isCell(target) && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(target, event.key === "ArrowDown" ? 1 : -1);
    }
  });
}

let unsaved = document.querySelector("[data-focus]") !== null;

document.addEventListener("input", () => {
  unsaved = true;
  showMarks();
});
form.addEventListener("change", showMarks);
document.addEventListener("submit", () => {
  unsaved = false;
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved) {
    event.preventDefault();
  }
});

showMarks();
if (!document.querySelector("[data-focus]")) {
  (cells()[0] ?? form.elements.reason).focus();
}
