// The clinic grid: rows are patients. A scanned number leads to its patient's row.

import { form, put } from "./grid/cells.js";
import { startMatrix } from "./grid/matrix.js";
import { cellsOf, firstOpen, go } from "./grid/places.js";
import { say, text } from "./grid/texts.js";

function toRow(code) {
  const row = [...form.querySelectorAll("[data-line-row]")].find(
    ({ dataset }) => dataset.number.toLowerCase() === code.trim().toLowerCase(),
  );
  if (row) {
    go(cellsOf(row.dataset.lineRow).find((cell) => cell.value === "") ?? cellsOf(row.dataset.lineRow)[0]);
    say(text("at-row", { code, name: row.querySelector("th a").textContent }));
  } else {
    put(form.elements.numbers, code);
    form.elements.numbers.focus();
    say(text("no-row", { code }));
  }
}

startMatrix({ dayOf: () => form.elements.day.value, scanned: toRow });
if (!document.querySelector("[data-focus]")) {
  go(firstOpen());
}
