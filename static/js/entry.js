// The entry grid of one draw: puts the parts together and shows what is computed from several cells.

import { changeText, flagText, form, part, previous, read, rows, valueField } from "./grid/cells.js";
import { startChecks } from "./grid/checks.js";
import { flush, startDrafts, unkept } from "./grid/drafts.js";
import { startKeys } from "./grid/keys.js";
import { startPaste } from "./grid/paste.js";
import { startScanner } from "./grid/scanner.js";
import { say, text } from "./grid/texts.js";
import { dayText } from "./day.js";

// The same formulas and last digits as the server's.
const FORMULAS = {
  NLR: { inputs: ["NEUT", "LYMPH"], places: 3, compute: (neut, lymph) => neut / lymph },
  SII: { inputs: ["PLT", "NEUT", "LYMPH"], places: 1, compute: (plt, neut, lymph) => (plt * neut) / lymph },
  CA_CORR: { inputs: ["CA", "ALB"], places: 3, compute: (ca, alb) => ca + 0.02 * (40 - alb) },
};

function showComputed() {
  for (const row of form.querySelectorAll("tr[data-computed]")) {
    const formula = FORMULAS[row.dataset.computed];
    if (!formula) {
      continue;
    }
    const typed = formula.inputs.map((code) => (rows.has(code) ? read(rows.get(code)) : null));
    const ready = typed.every((input) => input !== null && input.comparator === "" && input.canonical > 0);
    const value = ready ? formula.compute(...typed.map((input) => input.canonical)) : NaN;
    part(row, "output").textContent = ready ? String(Number(value.toFixed(formula.places))) : "–";
    part(row, "[data-flag]").textContent = ready ? flagText(row, { comparator: "", canonical: value }) : "";
    part(row, "[data-change]").textContent = ready ? changeText(value, previous(row.dataset.computed)) : "";
  }
}

function showCount() {
  const count = [...rows.values()].filter((row) => valueField(row).value.trim() !== "").length;
  form.querySelector("[data-count]").textContent = count === 0 ? "" : text("counted", { count });
}

function showDay() {
  const day = dayText(form.elements.collected_on.value);
  form.querySelector("[data-day]").textContent = day === "" ? "" : text("draw-of", { day });
}

// --- saving --------------------------------------------------------------------------------------------------------

const saveButton = form.querySelector(".entry-save button");
const PATIENCE = 10000; // ms after which a draw that was sent without an answer may be sent again
let leaving = false;
let asking = false;

// First everything typed is kept, then the draw is sent: whatever happens on the way, nothing is lost.
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

// --- wiring --------------------------------------------------------------------------------------------------------

form.addEventListener("input", () => {
  showComputed();
  showCount();
});
form.addEventListener("change", () => {
  showComputed();
  showDay();
});

startScanner();
startKeys({ save: () => save(saveButton) });
startPaste();
startDrafts();
startChecks();
showComputed();
showCount();
showDay();
if (!document.querySelector("[data-focus]")) {
  const day = form.elements.collected_on;
  const first = form.querySelector("input.entry-value");
  (day.value === "" || !first ? day : first).focus();
}
