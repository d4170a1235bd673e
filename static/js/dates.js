// The dates grid: columns are dates of one patient, typed above them.

import { form, put } from "./grid/cells.js";
import { startMatrix } from "./grid/matrix.js";
import { firstOpen, go } from "./grid/places.js";
import { say, text } from "./grid/texts.js";

// A scanned code is the number of the draw in whose column the cursor is, or was.
function scanned(code, line) {
  const field = form.elements[`accession_${line}`];
  if (!field) {
    say(text("scan-ignored", { code }));
    return;
  }
  const whose = field.getAttribute("aria-label").split(", ").slice(1).join(", ");
  const standing = field.value.trim();
  if (standing === "") {
    put(field, code);
    say(text("scanned-for", { code, whose }));
  } else {
    say(standing === code ? text("scanned-same", { code }) : text("scanned-not-for", { code, whose, accession: standing }));
  }
}

startMatrix({ dayOf: (line) => form.elements[`day_${line}`].value, scanned });
if (!document.querySelector("[data-focus]")) {
  const day = form.querySelector("[data-first-fact]");
  if (day.value === "" && !day.readOnly) {
    day.focus();
  } else {
    go(firstOpen());
  }
}
