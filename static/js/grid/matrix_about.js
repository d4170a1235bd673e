// One line about the cell the cursor is in, so that the grid itself stays dense: what stood before, how it changed, how
// long ago that was, the person's own band. It describes the cell to a screen reader, too.

import { form, isCell } from "./cells.js";
import { found, need } from "./matrix_checks.js";
import { lines, ownerOf } from "./places.js";
import { send } from "./talk.js";
import { text } from "./texts.js";

const RESTS = 150; // ms the cursor stays in a line before anything is asked of it
const place = document.getElementById("matrix-about");
const computedPlace = document.getElementById("matrix-about-computed");
const name = form.querySelector("[data-about-name]");
const bands = new Map(); // line -> {at, found}: one request a draw, not one a cell
let page = null;
let shown = null;
let timer = null;

export function startAbout(own) {
  page = own;
  form.addEventListener("focusin", ({ target }) => {
    shown = isCell(target) ? ownerOf(target) : null;
    refresh();
    clearTimeout(timer);
    timer = setTimeout(ask, RESTS);
  });
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[name^=day], [name^=time_]")) {
      refresh();
    }
  });
}

export function refresh() {
  name.textContent = shown === null ? "" : shown.getAttribute("aria-label");
  place.textContent = shown === null ? "" : about(shown).join(" · ");
  computedPlace.textContent = shown === null ? "" : computedFrom(shown.dataset.line, shown.dataset.marker).join(" · ");
}

// Of the line the cursor is in, and of the next one, so that its words are there when the cursor comes.
async function ask() {
  const line = shown?.dataset.line;
  if (line === undefined) {
    return;
  }
  const all = lines();
  for (const one of [line, all[all.indexOf(line) + 1]].filter(Boolean)) {
    need(one);
    await needBands(one);
  }
}

async function needBands(line) {
  const at = page.momentOf(line);
  const cell = form.querySelector(`input.entry-value[data-line="${line}"]`);
  if (at === null || cell.readOnly || bands.get(line)?.at === at) {
    return;
  }
  bands.set(line, { at, found: {} });
  const query = new URLSearchParams({ patients: cell.dataset.patient, at });
  const answer = await send("GET", `${form.dataset.bandsUrl}?${query}`);
  if (bands.get(line)?.at !== at) {
    return;
  }
  if (answer.state === "ok") {
    bands.set(line, { at, found: answer.data[cell.dataset.patient] ?? {} });
    refresh();
  } else {
    bands.delete(line); // asked again when the cursor comes back
  }
}

// --- the words -------------------------------------------------------------------------------------------------------

function about(cell) {
  const { line, marker } = cell.dataset;
  const td = cell.closest("td");
  if (!cell.readOnly && page.momentOf(line) === null) {
    return [text("no-day")];
  }
  const reference = td.dataset.reference ? text("reference", { interval: td.dataset.reference, unit: td.dataset.canonical }) : "";
  const said = [...ofPast(found(line, marker) ?? onPage(td)), ...ofBand(line, marker, td.dataset.canonical), reference.trim()];
  return said.filter(Boolean);
}

// What the page itself was sent with, until the server was asked.
function onPage(td) {
  const before = td.querySelector("[data-previous]");
  const { value, on } = before.dataset;
  return { previous: value ? { text: value, date: on } : null, change: before.querySelector("strong")?.textContent ?? "", days: null };
}

function ofPast({ previous, change, days }) {
  if (!previous) {
    return [text("no-previous")];
  }
  const when = days > 0 ? `, ${days === 1 ? text("day") : text("days", { days })}` : "";
  return [`${text("before", { value: previous.text, date: previous.date })}${when}`, change ? text("change", { change }) : ""];
}

function ofBand(line, marker, unit) {
  const band = bands.get(line)?.at === page.momentOf(line) ? bands.get(line)?.found[marker] : undefined;
  if (!band) {
    return [];
  }
  const said = [text("band", { low: digits(band.low), high: digits(band.high), unit }).trim()];
  if (Number.isFinite(band.rcv_up) && Number.isFinite(band.rcv_down)) {
    said.push(text("rcv", { down: percent(band.rcv_down), up: percent(band.rcv_up) }));
  }
  return said;
}

// NLR beside neutrophils and lymphocytes, corrected calcium beside calcium and albumin.
function computedFrom(line, marker) {
  if (page.momentOf(line) === null) {
    return [];
  }
  return [...form.querySelectorAll(`[data-computed^="${line}:"]`)]
    .filter(({ dataset }) => dataset.inputs.split(" ").includes(marker))
    .filter((cell) => cell.querySelector("output").textContent !== "–")
    .map((cell) => {
      const code = cell.dataset.computed.split(":")[1];
      const value = `${cell.dataset.name} ${cell.querySelector("output").textContent} ${cell.querySelector("[data-flag]").textContent}`.trim();
      const past = found(line, code);
      return [value, ...(past?.previous ? ofPast(past) : []), ...ofBand(line, code, cell.dataset.unit)].filter(Boolean).join("; ");
    });
}

const digits = (value) => String(Number(Number(value).toPrecision(3)));
const percent = (value) => `${value < 0 ? "−" : "+"}${Math.abs(Math.round(value))} %`;
