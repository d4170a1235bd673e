// Typing a paper a second time: the keys of the entry grid, and nothing that would show or repeat the first entry.

import { cells, form, rows, valueField } from "./grid/cells.js";
import { startKeys } from "./grid/keys.js";
import { text } from "./grid/texts.js";

const typed = () => [...rows.values()].filter((row) => valueField(row).value.trim() !== "").length;
let unsaved = document.querySelector("[data-focus]") !== null;

function showCount() {
  const count = typed();
  form.querySelector("[data-count]").textContent = count === 0 ? "" : text("counted", { count });
}

form.addEventListener("input", () => {
  unsaved = true;
  showCount();
});
form.addEventListener("submit", () => {
  unsaved = false;
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved && typed() > 0) {
    event.preventDefault();
  }
});

startKeys({ save: () => form.requestSubmit() });
showCount();
if (!document.querySelector("[data-focus]")) {
  cells()[0].focus();
}
