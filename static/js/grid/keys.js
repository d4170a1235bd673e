// Moving by keys. Enter, Tab and the arrows go from value to value; unit and assay are reached by F2 and F4, so that
// a paper is typed without passing them. Enter never sends: Ctrl+Enter does.

import { assayField, cells, form, isCell, nameOf, rowOf, unitField } from "./cells.js";
import { say, text } from "./texts.js";

const before = new WeakMap();
const restorable = (target) => isCell(target) || target.matches(".entry-unit, .entry-assay");

export function startKeys({ save }) {
  form.querySelectorAll(".entry-unit, .entry-assay").forEach((field) => {
    field.tabIndex = -1;
  });
  form.addEventListener("focusin", ({ target }) => {
    if (restorable(target)) {
      before.set(target, target.value);
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.isComposing) {
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    } else if (event.key === "F8") {
      event.preventDefault();
      form.elements.collected_on?.focus();
    } else if (restorable(event.target)) {
      inGrid(event);
    } else if (event.key === "Enter" && event.target.matches("input, select")) {
      event.preventDefault();
      nextField(event.target)?.focus();
    } else if (event.target.name === "same_day") {
      choose(event);
    }
  });
}

function inGrid(event) {
  const { target, key } = event;
  const keys = isCell(target) ? { ...OF_ANY, ...OF_CELL } : OF_ANY;
  if (keys[key]) {
    event.preventDefault();
    keys[key](target, event);
  }
}

const OF_ANY = {
  Enter: (target, { shiftKey }) => (isCell(target) ? move(target, shiftKey ? -1 : 1) : backToValue(target)),
  Escape: (target) => {
    const changed = target.value !== before.get(target);
    target.value = before.get(target) ?? "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
    if (isCell(target) || changed) {
      target.select?.();
    } else {
      backToValue(target);
    }
  },
};

const OF_CELL = {
  ArrowDown: (target) => move(target, 1),
  ArrowUp: (target) => move(target, -1),
  F2: (target) => {
    const row = rowOf(target);
    const unit = unitField(row);
    if (unit) {
      unit.focus();
    } else {
      say(text("one-unit", { marker: nameOf(row) }));
    }
  },
  F4: (target) => {
    const assay = assayField(rowOf(target));
    assay?.focus();
    assay?.select();
  },
};

function move(from, step) {
  from.dispatchEvent(new Event("change", { bubbles: true }));
  const all = cells();
  const next = all[all.indexOf(from) + step];
  if (next) {
    next.focus();
    next.select();
  } else if (step > 0) {
    // The cursor stays: on the Save button, the next Enter of a barcode reader would send the draw.
    from.select();
    say(text("last-cell"));
  }
}

function backToValue(target) {
  target.dispatchEvent(new Event("change", { bubbles: true }));
  const cell = form.querySelector(`#value_${target.closest("tr").dataset.marker}`);
  cell.focus();
  cell.select();
}

function nextField(from) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select")].filter(
    (field) => field.offsetParent !== null && field.tabIndex !== -1,
  );
  return fields[fields.indexOf(from) + 1];
}

function choose(event) {
  const choice = form.querySelectorAll("[name=same_day]")[Number(event.key) - 1];
  if (choice) {
    event.preventDefault();
    choice.focus();
    choice.checked = true;
    choice.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
