// A grid of several draws: rows and columns of cells. Moving, pasting and keeping what is typed; what a page is about
// (patients or dates) it says itself.

import { form, isCell, put } from "./cells.js";
import { flush, startDrafts, unkept } from "./drafts.js";
import { startChecks } from "./matrix_checks.js";
import { table } from "./paste.js";
import { startScanner } from "./scanner.js";
import { say, text } from "./texts.js";

const before = new WeakMap();
const all = [...form.querySelectorAll("input.entry-value[data-row]")];
const height = 1 + Math.max(-1, ...all.map((cell) => Number(cell.dataset.row)));
const width = 1 + Math.max(-1, ...all.map((cell) => Number(cell.dataset.col)));
const places = new Map(all.map((cell) => [`${cell.dataset.row} ${cell.dataset.col}`, cell]));
const at = (row, col) => places.get(`${row} ${col}`);
const row = (cell) => Number(cell.dataset.row);
const col = (cell) => Number(cell.dataset.col);
export const cellsOf = (line) => all.filter((cell) => cell.dataset.line === line);
const confirmOf = (cell) => cell.closest("td").querySelector("[data-confirm] input");
const ownerOf = (field) => field.closest("td")?.querySelector("input[data-row]");
const saveButton = form.querySelector("button[name=save]");

// --- moving ----------------------------------------------------------------------------------------------------------

const direction = () => form.elements.enter_goes.value;

export function go(cell) {
  if (cell) {
    cell.focus();
    cell.select();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

// Enter goes down a column and on at the top of the next, or along a row and on at the start of the next.
function onwards(cell, step) {
  cell.dispatchEvent(new Event("change", { bubbles: true }));
  const along = direction() === "along";
  const count = along ? width : height;
  let place = (along ? row(cell) * width + col(cell) : col(cell) * height + row(cell)) + step;
  const found = () => (along ? at(Math.floor(place / count), place % count) : at(place % count, Math.floor(place / count)));
  while (place >= 0 && place < width * height && found()?.readOnly) {
    place += step;
  }
  if (place >= 0 && place < width * height) {
    go(found());
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
  } else if (key === "Enter" && target.matches(".entry-unit")) {
    event.preventDefault();
    go(all.find((cell) => cell === lastCell && cell.dataset.marker === target.id.slice("unit_".length)) ?? all[0]);
  } else if (key === "Enter" && target.name === "numbers") {
    event.preventDefault();
    save(form.querySelector("button[name=add]"));
  } else if (key === "Enter" && target.matches("input, select")) {
    event.preventDefault();
    nextField(target)?.focus();
  }
}

function nextField(from) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select")].filter(
    (field) => field.offsetParent !== null && field.tabIndex !== -1 && !field.readOnly && !field.disabled,
  );
  return fields[fields.indexOf(from) + 1];
}

// --- pasting ---------------------------------------------------------------------------------------------------------

function pasted(event) {
  if (!isCell(event.target)) {
    return;
  }
  if (event.target.dataset.row === undefined) {
    event.preventDefault();
    say(text("paste-confirm"));
    return;
  }
  const block = table(event.clipboardData.getData("text/plain"));
  if (block.length > 1 || (block[0]?.length ?? 0) > 1) {
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
      const cell = at(row(start) + down, col(start) + across);
      if (value === "") {
        return;
      }
      if (!cell || value.length > cell.maxLength) {
        left.push(value);
      } else if (cell.readOnly) {
        left.push(text("read-only", { what: value }));
      } else {
        done.push({ cell, stood: cell.value, value });
      }
    }),
  );
  done.forEach(({ cell, value }) => put(cell, value));
  tell(done, left);
}

function tell(done, left) {
  const said = [text("pasted", { count: done.length })];
  const replaced = done.filter(({ stood, value }) => stood.trim() !== "" && stood !== value);
  if (replaced.length > 0) {
    const what = replaced.map(({ cell, stood }) => `${cell.getAttribute("aria-label")} ${stood}`).join("; ");
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
  for (const cell of all) {
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
    form.requestSubmit(button);
  } else {
    say(text("not-sent"));
  }
}

// `dayOf` gives the day of a line, `scanned` takes a code from a barcode reader.
export function startMatrix({ dayOf, scanned }) {
  startScanner(scanned);
  form.querySelectorAll(".entry-unit").forEach((field) => {
    field.tabIndex = -1;
  });
  form.addEventListener("focusin", ({ target }) => {
    if (isCell(target)) {
      before.set(target, target.value);
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
  startChecks({ all, dayOf });
}

export const firstOpen = () => all.find((cell) => !cell.readOnly);
