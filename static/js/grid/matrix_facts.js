// What is said of each draw beside its values: time, accession number, and in what state the sample was. Tab passes
// these fields, so that values are typed as before; F9 and the arrows lead to them.

import { form, put } from "./cells.js";
import { at, col, go, isPlaced, row } from "./places.js";
import { say, text } from "./texts.js";

const CLOCK = /^(\d{1,2})[:.]?(\d{2})(?::\d{2})?$/;
const narrow = (typed) => typed.normalize("NFKC").trim();
const isTime = (field) => field.dataset.of === "time";

// 8:15, 0815 and 815 are all 08:15; null is no time of a day.
export function clockText(typed) {
  const [, hours, minutes] = CLOCK.exec(narrow(typed)) ?? [];
  return minutes === undefined || Number(hours) > 23 || Number(minutes) > 59 ? null : `${hours.padStart(2, "0")}:${minutes}`;
}

export function startFacts() {
  form.querySelectorAll(".matrix-fact, .entry-assay, .entry-unit").forEach((field) => {
    field.tabIndex = -1;
  });
  form.addEventListener("change", ({ target }) => {
    if (isTime(target)) {
      readTime(target);
    }
  });
  form.querySelectorAll("[data-for-all]").forEach((field) => {
    field.dataset.stood = field.value;
    field.addEventListener("change", () => forAll(field));
  });
}

function readTime(field) {
  const clock = clockText(field.value);
  const wrong = field.value.trim() !== "" && clock === null;
  field.toggleAttribute("aria-invalid", wrong);
  if (wrong) {
    field.setAttribute("aria-invalid", "true");
    say(text("not-a-time", { value: field.value }));
  } else {
    field.value = clock ?? "";
  }
}

// Said once for all; what was said of one draw by itself stays.
function forAll(field) {
  const each = form.querySelectorAll(`select[data-of="${field.dataset.forAll}"]`);
  [...each].filter(({ value }) => value === field.dataset.stood).forEach((one) => put(one, field.value));
  field.dataset.stood = field.value;
}

// What a spreadsheet calls a choice: its word in either form, or its code. Null where it is none of them.
export function factValue(field, pasted) {
  if (field.matches("select")) {
    const asked = narrow(pasted).toLowerCase();
    const option = [...field.options].find(({ dataset }) => dataset.names.split("|").some((name) => narrow(name).toLowerCase() === asked));
    return option ? option.value : null;
  }
  return isTime(field) ? clockText(pasted) : pasted;
}

// --- keys ------------------------------------------------------------------------------------------------------------

export function toFacts(line) {
  const first = form.querySelector(`.matrix-fact[data-line="${line}"]`);
  if (first) {
    go(first);
  } else {
    say(text("read-only", { what: text("facts") }));
  }
}

// Enter goes on as among the values; the arrows of a choice choose, so only those to the sides leave it.
export function keyInFact(event, { along, back, before }) {
  const { target, key } = event;
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (key === "Enter") {
    const step = event.shiftKey ? -1 : 1;
    const next = along ? at(row(target), col(target) + step) : at(row(target) + step, col(target));
    target.dispatchEvent(new Event("change", { bubbles: true }));
    if (next) {
      go(next);
    } else {
      back();
    }
  } else if (key === "Escape") {
    if (before === undefined || target.value === before) {
      back();
    } else {
      put(target, before);
    }
  } else if (key === "F9") {
    back();
  } else if (!leaves(target, key) || event.shiftKey || event.altKey) {
    return;
  } else {
    go(at(row(target) + steps[key][0], col(target) + steps[key][1]));
  }
  event.preventDefault();
}

function leaves(field, key) {
  if (field.matches("select")) {
    return ["ArrowLeft", "ArrowRight"].includes(key);
  }
  const all = field.selectionStart === 0 && field.selectionEnd === field.value.length;
  const edges = { ArrowUp: true, ArrowDown: true, ArrowLeft: all || field.selectionEnd === 0, ArrowRight: all || field.selectionStart === field.value.length };
  return isPlaced(field) && (edges[key] ?? false);
}
