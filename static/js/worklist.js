// Keys of the worklist: j and k move from patient to patient, / goes to the search box. Enter opens, as on any link.
const links = [...document.querySelectorAll("#worklist .row-name")];
const search = document.getElementById("worklist-search");

function typing(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}

function move(step) {
  if (links.length === 0) return;
  const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1);
  links[next].focus({ preventScroll: true });
  links[next].closest("li").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "/" && search) search.focus();
  else return;
  event.preventDefault();
});

// The whole row leads to the patient, for a mouse; keyboards and readers have the link itself.
document.getElementById("worklist")?.addEventListener("click", (event) => {
  if (event.target.closest("a, button") || String(window.getSelection())) return;
  const row = event.target.closest(".row-patient");
  row?.querySelector(".row-name").click();
});
