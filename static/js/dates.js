// The dates grid: columns are dates of one patient, typed above them.

import { form } from "./grid/cells.js";
import { firstOpen, go, startMatrix } from "./grid/matrix.js";
import { say, text } from "./grid/texts.js";

startMatrix({
  dayOf: (line) => form.elements[`day_${line}`].value.trim(),
  scanned: (code) => say(text("scan-ignored", { code })),
});
if (!document.querySelector("[data-focus]")) {
  const day = form.querySelector("[data-first-fact]");
  if (day.value === "" && !day.readOnly) {
    day.focus();
  } else {
    go(firstOpen());
  }
}
