// Every cell is kept on the server as a draft, so that a closed window, a lost session or a lost connection costs
// nothing. Nothing is stored in the browser: a ward's computer is everybody's.

import { form, rows, typedIn } from "./cells.js";
import { renewToken, send } from "./talk.js";
import { button, say, text } from "./texts.js";

const PAUSE = 300; // ms of silence before what was typed is sent
const RETRY = 5000;
const strip = document.getElementById("grid-strip");
const kept = form.querySelector("[data-kept]");

// Which draft this page goes on with; sent with the form, so that no other one is dropped by saving.
let known = { id: Number(form.dataset.draft), revision: Number(form.dataset.revision) };
let unanswered = []; // what was sent and perhaps taken, but never answered
let dirty = false;
let state = "ok";
let timer = null;
let sending = null;
const conditions = { offline: "no-connection", "signed-out": "signed-out", "other-person": "other-person", refused: "not-kept" };

export const unkept = () => dirty;
let page = { cells: typedCells, context: facts };

// `own` says what a page holds that is no grid of one draw.
export function startDrafts(own = {}) {
  page = { ...page, ...own };
  know(known); // a browser fills in again what stood in the form before it was loaded anew
  form.addEventListener("input", touch);
  form.addEventListener("change", () => dirty && flush());
  window.addEventListener("online", retry);
  window.addEventListener("focus", retry);
  window.addEventListener("pagehide", () => dirty && state === "ok" && put({ keepalive: true }));
  setInterval(retry, RETRY);
  if ([...form.querySelectorAll("input.entry-value")].some((field) => field.value !== field.defaultValue)) {
    touch(); // typed while this script was still on its way
  }
}

function touch() {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(flush, PAUSE);
}

function retry() {
  if (state !== "ok" && state !== "conflict") {
    flush();
  }
}

function know(draft) {
  known = { id: draft.id, revision: draft.revision };
  form.elements.draft.value = `${known.id}.${known.revision}`;
}

// Send what is typed now; the answer says whether the server has all of it. Before the page itself is sent, the server
// is asked `always`: another window may have kept something since.
export async function flush({ always = false } = {}) {
  clearTimeout(timer);
  while (sending) {
    await sending;
  }
  if (state === "conflict") {
    return state;
  }
  const asks = always && (known.id > 0 || Object.keys(page.cells()).length > 0);
  if (dirty || asks || state !== "ok") {
    sending = put().finally(() => {
      sending = null;
    });
    await sending;
  }
  return state;
}

async function put({ keepalive = false } = {}) {
  dirty = false;
  const sent = content();
  const answer = await send("PUT", form.dataset.draftUrl, sent, { keepalive });
  if (answer.state === "ok") {
    unanswered = [];
    know(answer.data);
    kept.textContent = text("kept", { time: answer.data.saved_at });
    await settle();
  } else if (answer.state === "conflict" && unanswered.some((lost) => same(lost, answer.data.draft))) {
    // The newer draft is what this very page sent when the connection went.
    unanswered = [];
    know(answer.data.draft);
    await put();
  } else {
    dirty = true;
    state = answer.state;
    if (state === "conflict") {
      showConflict(answer.data);
    } else {
      unanswered = state === "offline" ? [...unanswered, sent] : unanswered;
      show(text(conditions[state]), ["signed-out", "other-person"].includes(state) ? [signIn()] : []);
    }
  }
}

// A database gives the names of an object back in its own order.
const sorted = (_name, part) => (part && typeof part === "object" && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part);
const same = (one, other) => other !== null && ["cells", "context"].every((part) => JSON.stringify(one[part], sorted) === JSON.stringify(other[part], sorted));

async function settle() {
  if (state !== "ok") {
    // The form itself is sent with the token, too.
    await renewToken();
    hide();
    say(text("back"));
  }
  state = "ok";
}

const content = () => ({ user: Number(form.dataset.user), ...known, cells: page.cells(), context: page.context() });

function typedCells() {
  const cells = {};
  rows.forEach((_row, code) => {
    const cell = typedIn(code);
    if ([cell.value, cell.assay, cell.confirm].some((part) => part.trim() !== "")) {
      cells[code] = cell;
    }
  });
  return cells;
}

// The facts of the draw: every field of its form, whoever adds one.
function facts() {
  const found = {};
  for (const field of form.querySelectorAll("[id^=id_][name]")) {
    if (!["radio", "checkbox"].includes(field.type) || field.checked) {
      found[field.name] = field.value;
    }
  }
  return found;
}

// The same sentence about another state of the other window's draft has buttons of its own.
function show(sentence, actions = [], about = "") {
  const said = `${about} ${sentence}`;
  if (strip.dataset.said !== said) {
    const line = document.createElement("p");
    line.textContent = sentence;
    strip.replaceChildren(line, ...actions);
    strip.dataset.said = said;
  }
  strip.hidden = false;
}

function hide() {
  strip.hidden = true;
  strip.replaceChildren();
  delete strip.dataset.said;
}

function signIn() {
  const link = document.createElement("a");
  link.href = form.dataset.loginUrl;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = text("sign-in");
  return link;
}

// --- the same draw in two windows ----------------------------------------------------------------------------------

function showConflict({ draft, differences, text: sentence }) {
  const mine = button(text("keep-mine"), () => resolve(draft ?? { id: 0, revision: 0 }));
  if (draft === null) {
    show(sentence, [mine]);
    return;
  }
  const theirs = button(text("take-theirs"), () => {
    dirty = false;
    location.assign(location.pathname);
  });
  show([sentence, ...differences.map(inWords)].join(" "), [theirs, saveBeside(draft), mine], `${draft.id}.${draft.revision}`);
}

const shown = (typed) => typed || text("nothing");
const inWords = ({ what, there, here }) => `${what}: ${text("theirs", { there: shown(there), here: shown(here) })}`;

// Saves this page and leaves the other window's draft for later.
function saveBeside(draft) {
  const made = button(text("save-beside"), () => {});
  made.type = "submit";
  made.name = "save_beside";
  made.value = `${draft.id}.${draft.revision}`;
  made.setAttribute("form", form.id);
  return made;
}

function resolve(newer) {
  know(newer);
  state = "resolving";
  flush();
  form.querySelector("input.entry-value").focus();
}
