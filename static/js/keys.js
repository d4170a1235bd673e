// Single keys of a page (j, n, ? ...): never while somebody types, never with a modifier, and not at all for who
// switched them off (WCAG 2.1.4). The switch is one word kept in this browser for each person; nothing else is.

const dialog = document.getElementById("keys");
const box = document.getElementById("keys-on");
const NAME = `leadtime.single-keys.${dialog?.dataset.person}`;
const FIELDS = "input, textarea, select, [contenteditable]:not([contenteditable=false])";

function allowed() {
  try {
    return localStorage.getItem(NAME) !== "off";
  } catch {
    return true; // a browser that keeps nothing
  }
}

function keep(on) {
  try {
    if (on) localStorage.removeItem(NAME);
    else localStorage.setItem(NAME, "off");
  } catch {
    // Then it holds for this page.
  }
}

function typing(target) {
  return target instanceof Element && target.closest(FIELDS) !== null;
}

// `actions` maps a key to what it does; false says that the key was not meant for it, and the browser goes on.
export function hearKeys(actions) {
  if (!dialog || !box) return;
  box.checked = allowed();
  box.addEventListener("change", () => keep(box.checked));
  const all = { ...actions, "?": () => dialog.showModal() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (!box.checked || dialog.open || typing(event.target) || !Object.hasOwn(all, event.key)) return;
    if (all[event.key](event) !== false) event.preventDefault();
  });
  for (const button of document.querySelectorAll("[data-keys-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
}
