// A barcode reader types fast and ends with Enter. Wherever the cursor is, that Enter neither sends the draw nor
// follows a link, and a scan that lands in a value is taken out again: a tube's number is no result.

import { form, isCell, put } from "./cells.js";
import { say, text } from "./texts.js";

const FASTEST_HAND = 50; // ms between keys; readers need 1 to 20, people more than 60
const SHORTEST_CODE = 6;
const SETTLED = 1000; // ms after which Enter on a button is meant

let burst = "";
let last = -Infinity;
let typedOutside = -Infinity;
let startedIn = null;
let stoodThere = "";

const takesText = (element) => element.matches("input:not([type=radio], [type=checkbox]), textarea, select");

let take = takeCode;

// `own` is what a page does with a code, where it has no accession number to put it down as.
export function startScanner(own = takeCode) {
  take = own;
  document.addEventListener("keydown", listen, { capture: true });
  // A code with a space in it would press the button the cursor is on.
  document.addEventListener("keyup", (event) => event.key === " " && strayed(event) && event.preventDefault(), {
    capture: true,
  });
}

function strayed(event) {
  return !takesText(event.target) && burst.length > 1;
}

function listen(event) {
  const gap = event.timeStamp - last;
  if (event.key === "Enter") {
    ended(event, gap);
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (gap > FASTEST_HAND || event.target !== startedIn) {
      begin(event.target);
    }
    burst += event.key;
    last = event.timeStamp;
    if (!takesText(event.target)) {
      typedOutside = event.timeStamp;
      if (event.key === " " && strayed(event)) {
        event.preventDefault();
      }
    }
  }
}

function begin(target) {
  burst = "";
  startedIn = target;
  stoodThere = target.value ?? "";
}

function ended(event, gap) {
  const scanned = burst.length >= SHORTEST_CODE && gap <= FASTEST_HAND && event.target === startedIn ? burst : "";
  const onButton = !takesText(event.target) && event.timeStamp - typedOutside < SETTLED;
  burst = "";
  if (scanned === "" && !onButton) {
    return;
  }
  if (event.ctrlKey || event.metaKey) {
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (scanned !== "" && isCell(event.target)) {
    put(event.target, stoodThere);
    event.target.select();
    take(scanned);
  } else if (scanned !== "" && !takesText(event.target)) {
    take(scanned);
  }
}

function takeCode(code) {
  const field = form.elements.accession;
  const standing = field.value.trim();
  if (standing === "") {
    put(field, code);
    say(text("scanned", { code }));
  } else {
    say(text(standing === code ? "scanned-same" : "scanned-other", { code, accession: standing }));
  }
}
