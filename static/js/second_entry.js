// Typing a paper a second time: the keys and the drafts of the entry grid, and nothing that would show or repeat the
// first entry. Kept are the value, its unit, and which result the page asks for.

import { cells, form, part, rows, unitField, valueField } from "./grid/cells.js";
import { flush, startDrafts, unkept } from "./grid/drafts.js";
import { startKeys } from "./grid/keys.js";
import { say, text } from "./grid/texts.js";

const PATIENCE = 10000; // ms after which what was sent without an answer may be sent again
const saveButton = form.querySelector(".entry-save button");
const isTyped = (row) => valueField(row).value.trim() !== "";

function showCount() {
  const count = [...rows.values()].filter(isTyped).length;
  form.querySelector("[data-count]").textContent = count === 0 ? "" : text("counted", { count });
}

// --- keeping what is typed -------------------------------------------------------------------------------------------

// What waits for this person no more has no cell here, and is kept as it was typed.
function typedCells() {
  const found = {};
  for (const { dataset } of document.querySelectorAll("[data-gone]")) {
    found[dataset.gone] = { value: dataset.value, unit: dataset.unit };
  }
  for (const [code, row] of rows) {
    if (isTyped(row)) {
      const unit = unitField(row) ?? part(row, `[name="unit_${code}"]`);
      found[code] = { value: valueField(row).value, unit: unit.value };
    }
  }
  return found;
}

function seen() {
  const fields = [...form.querySelectorAll("input[name^=seen_]")];
  return Object.fromEntries(fields.map((field) => [field.name, field.value]));
}

// --- saving ----------------------------------------------------------------------------------------------------------

let leaving = false;
let asking = false;

// First everything typed is kept, then it is sent: whatever happens on the way, nothing is lost.
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

form.addEventListener("submit", (event) => {
  if (!leaving) {
    event.preventDefault();
    save(event.submitter ?? saveButton);
  }
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && unkept()) {
    event.preventDefault();
  }
});

// --- wiring ----------------------------------------------------------------------------------------------------------

form.addEventListener("input", showCount);
startKeys({ save: () => save(saveButton) });
startDrafts({ cells: typedCells, context: seen });
showCount();
if (!document.querySelector("[data-focus]")) {
  cells()[0].focus();
}
