// Keys of the patient page: to the next and the previous patient of the list one came from, back to its row, and to
// the answer of the alert, and to the field of a note.

import { hearKeys } from "./keys.js";

const said = document.getElementById("walk-said");

function go(where, otherwise) {
  const link = document.querySelector(`[data-walk="${where}"]`);
  if (link) link.click();
  else if (said) said.textContent = said.dataset[otherwise] ?? "";
}

function answer() {
  const comment = document.querySelector("[name=comment]");
  if (!comment) return false;
  comment.focus();
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
