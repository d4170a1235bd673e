// A grid of several draws: rows and columns of cells. Moving, pasting and keeping what is typed; what a page is about
// (patients or dates) it says itself.

import { form, isCell, put } from "./cells.js";
import { isoDay } from "../day.js";
import { flush, startDrafts, unkept } from "./drafts.js";
import { refresh, startAbout } from "./matrix_about.js";
import { startChecks } from "./matrix_checks.js";
import { clockText, factValue, keyInFact, startFacts, toFacts } from "./matrix_facts.js";
import { startProfiles } from "./matrix_profile.js";
import { table } from "./paste.js";
import { at, col, confirmOf, go, isPlaced, ownerOf, row, values } from "./places.js";
import { startScanner } from "./scanner.js";
import { say, text } from "./texts.js";

const before = new WeakMap();
const saveButton = form.querySelector("button[name=save]");

// --- moving ----------------------------------------------------------------------------------------------------------

const direction = () => form.elements.enter_goes.value;
const along = () => direction() === "along";
const byRow = (one, other) => row(one) - row(other) || col(one) - col(other);
const byColumn = (one, other) => col(one) - col(other) || row(one) - row(other);

// Enter goes down a column and on at the top of the next, or along a row and on at the start of the next.
function onwards(cell, step) {
  cell.dispatchEvent(new Event("change", { bubbles: true }));
  const open = values().filter((one) => one === cell || !one.readOnly);
  const way = open.sort(along() ? byRow : byColumn);
  const next = way[way.indexOf(cell) + step];
  if (next) {
    go(next);
  } else if (step > 0) {
    // The cursor stays: on a button, the next Enter of a barcode reader would send the page.
    cell.select();
    say(text("last-cell"));
  }
}

function turn() {
  const next = direction() === "down" ? "along" : "down";
  form.elements.enter_goes.value = next;
  say(text(`enter-${next}`));
}

// The arrows leave a cell only from its edge, so that they still move inside what is typed.
const atStart = (cell) => cell.selectionEnd === 0 || (cell.selectionStart === 0 && cell.selectionEnd === cell.value.length);
const atEnd = (cell) => cell.selectionStart === cell.value.length || (cell.selectionStart === 0 && cell.selectionEnd === cell.value.length);

function arrow(cell, key) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const [down, across] = steps[key];
  if ((key === "ArrowLeft" && !atStart(cell)) || (key === "ArrowRight" && !atEnd(cell))) {
    return false;
  }
  go(at(row(cell) + down, col(cell) + across));
  return true;
}

function keyInCell(event) {
  const { target, key } = event;
  const owner = ownerOf(target);
  if (key === "Enter") {
    onwards(owner, event.shiftKey ? -1 : 1);
  } else if (key === "Escape") {
    put(target, before.get(target) ?? "");
    target.select();
  } else if (key === "F2") {
    form.querySelector(`#unit_${owner.dataset.marker}`)?.focus();
  } else if (key === "F4") {
    go(form.querySelector(`#assay_${owner.dataset.marker}`));
  } else if (key === "F9") {
    toFacts(owner.dataset.line);
  } else if (!key.startsWith("Arrow") || event.shiftKey || !arrow(owner === target ? target : owner, key)) {
    return;
  }
  event.preventDefault();
}

function keydown(event) {
  if (event.isComposing) {
    return;
  }
  const { target, key } = event;
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    save(saveButton);
  } else if (key === "F7") {
    event.preventDefault();
    turn();
  } else if (key === "F8") {
    event.preventDefault();
    form.querySelector("[data-first-fact]").focus();
  } else if (isCell(target)) {
    keyInCell(event);
  } else if (target.matches(".entry-unit, .entry-assay")) {
    keyInHeading(event);
  } else if (isPlaced(target) && !(key === "Enter" && target.matches(".matrix-day"))) {
    keyInFact(event, { along: along(), back: () => go(lastCell ?? values()[0]), before: before.get(target) });
  } else if (key === "Enter" && target.name === "numbers") {
    event.preventDefault();
    save(form.querySelector("button[name=add]"));
  } else if (key === "Enter" && target.matches("input, select")) {
    event.preventDefault();
    nextField(target)?.focus();
  }
}

// Unit and assay stand once for all cells of their marker; Enter leads back to the cell it was asked from.
function keyInHeading(event) {
  const { target, key } = event;
  if (key === "Escape" && before.has(target) && target.value !== before.get(target)) {
    put(target, before.get(target));
  } else if (["Enter", "Escape"].includes(key)) {
    target.dispatchEvent(new Event("change", { bubbles: true }));
    go(lastCell ?? values()[0]);
  } else {
    return;
  }
  event.preventDefault();
}

function nextField(from) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select")].filter(
    (field) => field.offsetParent !== null && field.tabIndex !== -1 && !field.readOnly && !field.disabled,
  );
  return fields[fields.indexOf(from) + 1];
}

// --- pasting ---------------------------------------------------------------------------------------------------------

function pasted(event) {
  if (!isCell(event.target) && !isPlaced(event.target)) {
    return;
  }
  if (!isPlaced(event.target)) {
    event.preventDefault();
    say(text("paste-confirm"));
    return;
  }
  const block = table(event.clipboardData.getData("text/plain"));
  if (block.length > 1 || (block[0]?.length ?? 0) > 1 || event.target.matches("select")) {
    event.preventDefault();
    spread(event.target, block);
  }
}

// The block spreads from the cell the cursor is in. An empty cell of it leaves its place as it is.
function spread(start, block) {
  const done = [];
  const left = [];
  block.forEach((line, down) =>
    line.forEach((value, across) => {
      if (value === "") {
        return;
      }
      const cell = at(row(start) + down, col(start) + across);
      const taken = cell && !isCell(cell) ? factValue(cell, value) : value;
      if (!cell || taken === null || (cell.maxLength >= 0 && taken.length > cell.maxLength)) {
        left.push(value);
      } else if (cell.readOnly) {
        left.push(text("read-only", { what: value }));
      } else {
        done.push({ cell, stood: cell.value, value: taken });
      }
    }),
  );
  done.forEach(({ cell, value }) => put(cell, value));
  tell(done, left);
}

const nameOf = (field) => field.getAttribute("aria-label") ?? field.labels[0].textContent;

function tell(done, left) {
  const said = [text("pasted", { count: done.length })];
  const replaced = done.filter(({ cell, stood, value }) => !cell.matches("select") && stood.trim() !== "" && stood !== value);
  if (replaced.length > 0) {
    const what = replaced.map(({ cell, stood }) => `${nameOf(cell)} ${stood}`).join("; ");
    said.push(text("replaced", { what }));
  }
  if (left.length > 0) {
    said.push(text("left-over", { what: left.join(", ") }));
  }
  const back = () => {
    done.forEach(({ cell, stood }) => put(cell, stood));
    say("");
    go(done[0].cell);
  };
  say(said, done.length > 0 ? { label: text("undo-paste"), run: back } : null);
}

// --- keeping and saving ----------------------------------------------------------------------------------------------

function typedCells() {
  const found = {};
  for (const cell of values()) {
    const confirm = confirmOf(cell)?.value ?? "";
    if (cell.value.trim() !== "" || confirm.trim() !== "") {
      found[cell.closest("td").dataset.cell] = { value: cell.value, confirm };
    }
  }
  return found;
}

const facts = () => Object.fromEntries([...form.querySelectorAll("[data-fact]")].map((field) => [field.name, field.value]));

const PATIENCE = 10000; // ms after which a page that was sent without an answer may be sent again
let leaving = false;
let asking = false;
let lastCell = null;

// First everything typed is kept, then the page is sent: whatever happens on the way, nothing is lost.
async function save(button) {
  if (asking || leaving) {
    return;
  }
  asking = true;
  const state = await flush({ always: true }).finally(() => {
    asking = false;
  });
  // Who has seen what the other window holds may save this one beside it.
  if (state === "ok" || state === "refused" || (state === "conflict" && button.name === "save_beside")) {
    leaving = true;
    setTimeout(() => {
      leaving = false;
    }, PATIENCE);
    // Later: with nothing to keep we are still inside the click that was stopped, and the form would not hear us.
    setTimeout(() => form.requestSubmit(button));
  } else {
    say(text("not-sent"));
  }
}

// `dayOf` gives the day of a line as it was typed, `scanned` takes a code from a barcode reader and the line it was
// scanned in.
export function startMatrix({ dayOf, scanned }) {
  const momentOf = (line) => {
    const day = isoDay(dayOf(line));
    return day === "" ? null : `${day}T${clockText(form.elements[`time_${line}`]?.value ?? "") ?? "00:00"}`;
  };
  startFacts();
  startProfiles();
  startScanner((code) => scanned(code, lastCell?.dataset.line));
  form.addEventListener("focusin", ({ target }) => {
    if (isCell(target) || isPlaced(target) || target.matches(".entry-unit, .entry-assay")) {
      before.set(target, target.value);
    }
    if (isCell(target)) {
      lastCell = ownerOf(target);
    }
  });
  form.addEventListener("keydown", keydown);
  form.addEventListener("paste", pasted);
  form.addEventListener("submit", (event) => {
    if (!leaving) {
      event.preventDefault();
      const by = event.submitter ?? saveButton;
      // A browser takes no second submit while it is still telling of the first.
      setTimeout(() => save(by));
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && unkept()) {
      event.preventDefault();
    }
  });
  startDrafts({ cells: typedCells, context: facts });
  startChecks({ momentOf, answered: refresh });
  startAbout({ momentOf });
}
