// The correction page: keys to move by, a mark beside what was changed, and the checks and drafts of the entry grid.
// The server decides what a change is.

import { cells, form, isCell, rows, typedIn } from "./grid/cells.js";
import { startChecks } from "./grid/checks.js";
import { flush, startDrafts, unkept } from "./grid/drafts.js";
import { startScanner } from "./grid/scanner.js";
import { say, text } from "./grid/texts.js";

const PATIENCE = 10000; // ms after which what was sent without an answer may be sent again
const forms = [...document.querySelectorAll("form.correction")];
const takeBack = forms.find((one) => one !== form);
const wholeReason = takeBack?.querySelector("[name$=reason]");
const fields = (of) => [...of.querySelectorAll("input:not([type=hidden]), select, button")].filter((field) => field.offsetParent !== null);
const before = new WeakMap();

// What the record says stands in `data-base`; a page that comes back with an error holds what was typed.
const isTyped = (field) => field.value.trim() !== field.dataset.base;
const isChanged = (code) => [...rows.get(code).querySelectorAll("[data-base]")].some(isTyped);
const actOf = (code) => rows.get(code).querySelector(".correction-act").value;

function showMarks() {
  const typed = [...form.querySelectorAll("[data-base]")].filter(isTyped);
  const changed = new Set(typed.map((field) => field.closest("tr[data-marker]")));
  for (const row of rows.values()) {
    row.querySelector("[data-mark]").textContent = changed.has(row) ? form.dataset.changed : "";
  }
  const count = changed.size - (changed.has(null) ? 1 : 0) + typed.filter((field) => !field.closest("tr")).length;
  form.querySelector("[data-count]").textContent = count === 0 ? "" : form.dataset.counted.replace("%(count)s", count);
}

// --- moving ----------------------------------------------------------------------------------------------------------

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

function keydown(event, one) {
  const { target } = event;
  if (event.isComposing) {
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    save(one, one.querySelector("button[type=submit]"));
  } else if (event.key === "Enter" && target.matches("input, select")) {
    event.preventDefault();
    if (isCell(target)) {
      target.dispatchEvent(new Event("change", { bubbles: true }));
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
}

// --- keeping what is typed -------------------------------------------------------------------------------------------

function changedCells() {
  const found = {};
  for (const code of rows.keys()) {
    if (isChanged(code)) {
      found[code] = { ...typedIn(code), act: actOf(code) };
    }
  }
  return found;
}

// With what the page had shown: who goes on later is told what somebody else changed meanwhile.
function facts() {
  const found = { "whole-reason": wholeReason?.value ?? "" };
  for (const field of form.querySelectorAll("[id^=id_][name], input[name^=seen_]")) {
    if (!["radio", "checkbox"].includes(field.type) || field.checked) {
      found[field.name] = field.value;
    }
  }
  return found;
}

// --- saving ----------------------------------------------------------------------------------------------------------

let leaving = false;
let asking = false;

// First everything typed is kept, then it is sent: whatever happens on the way, nothing is lost.
async function save(one, button) {
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
    one.elements.csrfmiddlewaretoken.value = form.elements.csrfmiddlewaretoken.value; // renewed after a new sign-in
    // Later: with nothing to keep we are still inside the click that was stopped, and the form would not hear us.
    setTimeout(() => one.requestSubmit(button));
  } else {
    say(text("not-sent"));
  }
}

window.addEventListener("beforeunload", (event) => {
  if (!leaving && unkept()) {
    event.preventDefault();
  }
});

// --- a barcode reader ------------------------------------------------------------------------------------------------

// The draw is on record: a scanned tube is compared with its number and changes nothing.
function compare(code) {
  const standing = form.elements.accession.value.trim();
  const said = { "": "scanned-none", [code]: "scanned-same" }[standing] ?? "scanned-other";
  say(text(said, { code, accession: standing }));
}

// --- wiring ----------------------------------------------------------------------------------------------------------

startScanner(compare);
for (const one of forms) {
  one.addEventListener("keydown", (event) => keydown(event, one));
  one.addEventListener("submit", (event) => {
    if (!leaving) {
      event.preventDefault();
      save(one, event.submitter ?? one.querySelector("button[type=submit]"));
    }
  });
}
// The reason of taking all back is kept with the rest of the page.
takeBack?.addEventListener("input", () => form.dispatchEvent(new Event("input")));
form.addEventListener("input", showMarks);
form.addEventListener("change", showMarks);
startDrafts({ cells: changedCells, context: facts });
startChecks({
  typed: (code) => (actOf(code) === "" ? typedIn(code) : { ...typedIn(code), value: "", confirm: "" }),
  asks: (code) => isChanged(code) && actOf(code) === "",
  beside: () => ({ draw: Number(form.dataset.draw), taken_back: [...rows.keys()].filter((code) => actOf(code) !== "") }),
});
showMarks();
if (!document.querySelector("[data-focus]")) {
  (cells()[0] ?? form.elements.reason).focus();
}
