// Every cell is kept on the server as a draft, so that a closed window, a lost session or a lost connection costs
// nothing. Nothing is stored in the browser: a ward's computer is everybody's.

import { form, nameOf, rows, typedIn, valueField } from "./cells.js";
import { renewToken, send } from "./talk.js";
import { button, say, text } from "./texts.js";

const PAUSE = 300; // ms of silence before what was typed is sent
const RETRY = 5000;
const strip = document.getElementById("grid-strip");
const kept = form.querySelector("[data-kept]");

let revision = Number(form.dataset.revision);
let dirty = false;
let state = "ok";
let timer = null;
let sending = null;
const conditions = { offline: "no-connection", "signed-out": "signed-out", "other-person": "other-person", refused: "not-kept" };

export const unkept = () => dirty;
let page = { cells: typedCells, context: facts, differences };

// `own` says what a page holds that is no grid of one draw.
export function startDrafts(own = {}) {
  page = { ...page, ...own };
  form.addEventListener("input", touch);
  form.addEventListener("change", () => dirty && flush());
  window.addEventListener("online", retry);
  window.addEventListener("focus", retry);
  window.addEventListener("pagehide", () => dirty && state === "ok" && put({ keepalive: true }));
  setInterval(retry, RETRY);
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

// Send what is typed now; the answer says whether the server has all of it.
export async function flush() {
  clearTimeout(timer);
  while (sending) {
    await sending;
  }
  if (state === "conflict") {
    return state;
  }
  if (dirty || state !== "ok") {
    sending = put().finally(() => {
      sending = null;
    });
    await sending;
  }
  return state;
}

async function put({ keepalive = false } = {}) {
  dirty = false;
  const answer = await send("PUT", form.dataset.draftUrl, content(), { keepalive });
  if (answer.state === "ok") {
    revision = answer.data.revision;
    kept.textContent = text("kept", { time: answer.data.saved_at });
    await settle();
  } else {
    dirty = true;
    state = answer.state;
    if (state === "conflict") {
      showConflict(answer.data);
    } else {
      show(text(conditions[state]), ["signed-out", "other-person"].includes(state) ? [signIn()] : []);
    }
  }
}

async function settle() {
  if (state !== "ok") {
    // The form itself is sent with the token, too.
    await renewToken();
    hide();
    say(text("back"));
  }
  state = "ok";
}

const content = () => ({ user: Number(form.dataset.user), revision, cells: page.cells(), context: page.context() });

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

function show(sentence, actions = []) {
  if (strip.dataset.said !== sentence) {
    const line = document.createElement("p");
    line.textContent = sentence;
    strip.replaceChildren(line, ...actions);
    strip.dataset.said = sentence;
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

function showConflict({ draft, text: sentence }) {
  const mine = button(text("keep-mine"), () => resolve(draft?.revision ?? 0));
  if (draft === null) {
    show(sentence, [mine]);
    return;
  }
  const theirs = button(text("take-theirs"), () => {
    dirty = false;
    location.assign(location.pathname);
  });
  show(`${sentence} ${page.differences(draft.cells)}`, [theirs, mine]);
}

function resolve(newer) {
  revision = newer;
  state = "resolving";
  flush();
  form.querySelector("input.entry-value").focus();
}

function differences(theirs) {
  const told = [];
  rows.forEach((row, code) => {
    const there = theirs[code]?.value ?? "";
    const here = valueField(row).value;
    if (there.trim() !== here.trim()) {
      const shown = (value) => value.trim() || text("nothing");
      told.push(`${nameOf(row)}: ${text("theirs", { there: shown(there), here: shown(here) })}`);
    }
  });
  return told.join(" ");
}
