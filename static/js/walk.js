// Keys of the patient page: to the next and the previous patient of the list one came from, back to its row, and to
// the answer of the alert, and to the field of a note.

import { hearKeys } from "./keys.js";

const said = document.getElementById("walk-said");

function go(where, otherwise) {
  const link = document.querySelector(`[data-walk="${where}"]`);
  if (link) link.click();
  else if (said) said.textContent = said.dataset[otherwise] ?? "";
}

// The step that is unfolded, or the first there is: of the alert of the address, else of the first on the page.
function answer() {
  const named = document.getElementById(window.location.hash.replace("#comment-", "alert-strip-"));
  const alert = named ?? document.querySelector(".alert-strip");
  const step = alert?.querySelector(".alert-step[open]") ?? alert?.querySelector(".alert-step");
  if (!step) return false;
  step.open = true;
  step.querySelector("textarea, select, input:not([type=hidden]), button").focus();
  return true;
}

function write() {
  const note = document.getElementById("note_0_text");
  if (!note) return false;
  note.focus();
  return true;
}

hearKeys({
  n: (event) => event.repeat || go("next", "last"),
  p: (event) => event.repeat || go("previous", "first"),
  b: () => go("back", ""),
  a: answer,
  w: write,
});

// Opened to answer: the cursor is in the comment, where there is one to write.
if (window.location.hash.startsWith("#comment-")) answer();
