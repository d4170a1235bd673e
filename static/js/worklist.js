// Keys of the worklist: from row to row, open, open to answer, find. Enter opens, as on any link.

import { hearKeys } from "./keys.js";

const list = document.getElementById("worklist");
const links = [...document.querySelectorAll("#worklist .row-name")];
const search = document.getElementById("worklist-search");
const said = document.getElementById("worklist-said");

function place() {
  return links.findIndex((link) => link.closest("li").contains(document.activeElement));
}

function move(step) {
  if (links.length === 0) return;
  const at = place();
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next].focus({ preventScroll: true });
  links[next].closest("li").scrollIntoView({ block: "nearest" });
}

// An arrow is the page's own key: it scrolls, unless the reader is on a row or nowhere yet.
function arrow(step) {
  if (place() < 0 && document.activeElement !== document.body) return false;
  return move(step);
}

function answer() {
  const link = links[place()];
  if (link?.dataset.answer) {
    window.location.assign(`${link.href}#comment-${link.dataset.answer}`);
    return;
  }
  said.textContent = "";
  window.setTimeout(() => {
    said.textContent = link ? said.dataset.nothing : said.dataset.nobody;
  }, 50); // the same words twice are said twice
}

hearKeys({
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => arrow(1),
  ArrowUp: () => arrow(-1),
  a: answer,
  "/": () => search?.focus(),
});

// The whole row leads to the patient, for a mouse; keyboards and readers have the link itself.
list?.addEventListener("click", (event) => {
  if (event.target.closest("a, button") || String(window.getSelection())) return;
  const row = event.target.closest(".row-patient");
  row?.querySelector(".row-name").click();
});
