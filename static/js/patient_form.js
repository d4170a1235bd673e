// The patient's forms: Enter goes to the next field and never sends, because a barcode reader ends each number with it.
// Ctrl+Enter saves. Right after keys that came as fast as a reader's, Enter on the button is the reader's and is dropped.

const form = document.getElementById("patient-form");
const save = form.querySelector("[data-save]");
const AS_FAST_AS_A_READER = 35; // milliseconds between two keys
const CALM = 500;
let lastKey = -Infinity;
let lastBurst = -Infinity;

document.addEventListener(
  "keydown",
  (event) => {
    const now = event.timeStamp; // of the key: a busy machine hears a reader late, and slowly
    if (event.key.length === 1 || event.key === "Enter") {
      if (now - lastKey < AS_FAST_AS_A_READER) {
        lastBurst = now;
      }
      lastKey = now;
    }
    if (event.key === "Enter" && !form.contains(event.target) && now - lastBurst < CALM) {
      event.preventDefault();
    }
  },
  true,
);

function next(from) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select, textarea")];
  const shown = fields.filter((field) => field.offsetParent !== null && !field.disabled);
  return shown[shown.indexOf(from) + 1] ?? save;
}

form.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || event.isComposing) {
    return;
  }
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    form.requestSubmit(save);
  } else if (target.matches("input, select")) {
    event.preventDefault();
    next(target).focus();
  } else if (target.matches("button, a") && event.timeStamp - lastBurst < CALM) {
    event.preventDefault();
  }
});
