// What the server makes of each cell, shown beside it while the next one is typed: the same rule as at saving.
// Where the server cannot be asked, the limits of the page judge at once, and the page says that they did.

import { changeText, collectedAt, confirmField, flagText, form, judge, notes, part, previous, read, rows, typedIn, unitField, valueField } from "./cells.js";
import { send } from "./talk.js";
import { text } from "./texts.js";

const PAUSE = 150;
const across = document.getElementById("grid-across");
const asked = new WeakMap(); // row -> what its note was written about
const checked = new WeakMap(); // row -> the days before, as the server counted them
let timer = null;
let number = 0;
let bandsAt = null;

const laboratory = () => form.elements.laboratory?.value ?? "";

// What the page of a new draw asks about. Where a paper is of blood on record, its cells are checked beside that draw.
let page = {
  typed: typedIn,
  asks: (code, fresh) => fresh || valueField(rows.get(code)).value.trim() !== "",
  beside: () => {
    const { same_day: choice, same_draw: draw } = form.elements;
    return choice?.value === "same" && draw?.value ? { draw: Number(draw.value) } : {};
  },
};

const now = (row) => {
  const { value, unit, assay, confirm } = page.typed(row.dataset.marker);
  return [value, unit, assay, confirm, laboratory(), collectedAt()].join(" ");
};

// `own` says the same of a page that is no grid of one new draw.
export function startChecks(own = {}) {
  page = { ...page, ...own };
  rows.forEach((row) => asked.set(row, now(row)));
  form.addEventListener("input", ({ target }) => {
    const row = target.closest("tr[data-marker]");
    if (row) {
      showRow(row);
    }
    check();
  });
  form.addEventListener("change", (event) => {
    if (["collected_on", "collected_time", "laboratory"].includes(event.target.name)) {
      rows.forEach(showRow);
      showBands();
    }
    check();
  });
  rows.forEach((row) => valueField(row).value.trim() !== "" && showRow(row));
  rows.forEach(showPrevious);
  showBands();
  if ([...rows.values()].some((row) => valueField(row).value.trim() !== "")) {
    check();
  }
}

function check() {
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
}

async function ask() {
  number += 1;
  const mine = number;
  const cells = {};
  rows.forEach((row, code) => {
    const fresh = asked.get(row) !== now(row);
    if (page.asks(code, fresh)) {
      cells[code] = page.typed(code);
    } else if (fresh) {
      showNote(row, [], { wrong: false, doubt: false });
      asked.set(row, now(row));
    }
  });
  const sent = new Map(Object.keys(cells).map((code) => [code, now(rows.get(code))]));
  const at = collectedAt();
  if (sent.size === 0 || at === null) {
    showAcross([]);
    return;
  }
  const body = { patient: Number(form.dataset.patient), at, laboratory: laboratory(), cells, ...page.beside() };
  const answer = form.dataset.checkUrl ? await send("POST", form.dataset.checkUrl, body) : { state: "offline" };
  if (mine !== number) {
    return;
  }
  for (const [code, about] of sent) {
    const row = rows.get(code);
    if (about === now(row)) {
      if (answer.state === "ok") {
        showCheck(row, answer.data.cells[code]);
      } else {
        showOwn(row, about);
      }
      asked.set(row, about);
    }
  }
  showAcross(answer.state === "ok" ? [...answer.data.across.map((concern) => concern.text), ...ofComputed(answer.data)] : []);
}

// --- one row ---------------------------------------------------------------------------------------------------------

// At once, before the server has answered: flag and change by the page's own reading.
export function showRow(row) {
  const typed = read(row);
  const before = showPrevious(row);
  tell(row, "[data-flag]", typed === null ? "" : flagText(row, typed));
  tell(row, "[data-change]", typed === null || typed.comparator !== "" ? "" : changeText(typed.canonical, before));
}

// A page without that column has nowhere to show it.
function tell(row, selector, said) {
  const place = part(row, selector);
  if (place) {
    place.textContent = said;
  }
}

function showPrevious(row) {
  const before = previous(row.dataset.marker);
  const cell = part(row, "[data-previous]");
  if (!cell) {
    return before;
  }
  cell.textContent = before === null ? "" : `${before.text} `;
  if (before !== null) {
    const days = checked.get(row)?.date === before.date ? checked.get(row).days : daysBetween(before.at, collectedAt());
    const when = document.createElement("span");
    when.className = "quiet";
    when.textContent = days === null ? before.date : `${before.date} · ${daysText(days)}`;
    cell.append(when);
  }
  return before;
}

const daysText = (days) => (days === 1 ? text("day") : text("days", { days }));

function daysBetween(before, at) {
  if (at === null) {
    return null;
  }
  const day = (moment) => Date.parse(`${moment.slice(0, 10)}T00:00:00Z`);
  return Math.round((day(at) - day(before)) / 86400000);
}

// Another laboratory, method or day may have other limits: what the row is held against goes with them.
function showReference(row, { text: limits, label, low, high }) {
  row.dataset.low = low;
  row.dataset.high = high;
  const whose = document.createElement("span");
  whose.className = "quiet";
  whose.textContent = label;
  part(row, "[data-reference]")?.replaceChildren(...(limits === "" ? [] : [`${limits} `, whose]));
}

function showCheck(row, found) {
  showReference(row, found.reference);
  tell(row, "[data-flag]", found.flag);
  tell(row, "[data-change]", found.change);
  checked.set(row, { days: found.days, date: found.previous?.date });
  const lines = [];
  if (found.state === "wrong") {
    lines.push([found.text, "wrong"]);
  }
  lines.push(...found.urgent.map((one) => [one, "wrong"]));
  if (found.state !== "wrong") {
    lines.push(...found.doubts.map((one) => [one, "doubt"]));
  }
  if (found.state === "absent" || (found.state === "confirm" && lines.length === 0)) {
    lines.push([found.text, found.state === "absent" ? "" : "doubt"]);
  }
  if (found.state === "confirm" && found.text && !lines.some(([one]) => one === found.text)) {
    lines.unshift([found.text, "wrong"]);
  }
  if (found.state === "confirmed") {
    lines.push([text("confirmed"), ""]);
  }
  showNote(row, lines, { wrong: found.state === "wrong", doubt: ["confirm", "confirmed"].includes(found.state) });
}

function showOwn(row, about) {
  if (asked.get(row) === about) {
    return; // what the server once said of this very value still holds
  }
  const typed = read(row);
  // A word may say why there is no value; which words do, the server knows.
  const verdict = typed === null || !/\p{N}/u.test(valueField(row).value) ? "" : judge(row, typed);
  const own = { wrong: text("decimal"), impossible: text("impossible"), doubt: text("doubt") }[verdict];
  const lines = own ? [[own, verdict === "doubt" ? "doubt" : "wrong"]] : [];
  if (typed !== null) {
    lines.push([text("unchecked"), ""]);
  }
  showNote(row, lines, { wrong: ["wrong", "impossible"].includes(verdict), doubt: verdict === "doubt" });
}

// Colour never speaks alone: the words are there, and a cell that is wrong says so to a screen reader.
function showNote(row, lines, { wrong, doubt }) {
  const code = row.dataset.marker;
  const below = notes(code);
  const place = part(below, `#note_${code}`);
  const said = lines.filter(([one]) => one);
  const before = [...place.querySelectorAll("p:not([hidden])")].map((line) => line.textContent).join("\n");
  if (before !== said.map(([one]) => one).join("\n")) {
    place.replaceChildren(...said.map(([one, kind]) => note(one, kind)));
  }
  part(below, "[data-confirm]").hidden = !doubt;
  if (!doubt && confirmField(code).value !== "") {
    confirmField(code).value = "";
  }
  below.hidden = said.length === 0 && !doubt;
  valueField(row).classList.toggle("doubt", doubt);
  if (wrong) {
    valueField(row).setAttribute("aria-invalid", "true");
  } else {
    valueField(row).removeAttribute("aria-invalid");
  }
}

function note(sentence, kind) {
  const line = document.createElement("p");
  line.className = `entry-cell-note ${kind}`.trim();
  line.textContent = sentence;
  return line;
}

const ofComputed = ({ computed = {} }) => Object.values(computed).flatMap((one) => one.urgent ?? []);

// What no single cell says: counts that do not add up, a differential in percent, a calcium urgent once corrected.
function showAcross(sentences) {
  across.replaceChildren(
    ...sentences.map((sentence) => {
      const line = document.createElement("li");
      line.textContent = sentence;
      return line;
    }),
  );
  across.hidden = sentences.length === 0;
}

// --- the person's own band -------------------------------------------------------------------------------------------

async function showBands() {
  const at = collectedAt();
  if (!form.dataset.bandsUrl || at === null || at === bandsAt) {
    return;
  }
  bandsAt = at;
  const query = new URLSearchParams({ patients: form.dataset.patient, at });
  const answer = await send("GET", `${form.dataset.bandsUrl}?${query}`);
  if (at !== bandsAt) {
    return;
  }
  const bands = answer.state === "ok" ? (answer.data[form.dataset.patient] ?? {}) : {};
  form.querySelectorAll("tr[data-marker], tr[data-computed]").forEach((row) => {
    showBand(part(row, "[data-band]"), bands[row.dataset.marker ?? row.dataset.computed]);
  });
}

function showBand(cell, band) {
  cell.replaceChildren();
  if (!band) {
    return;
  }
  cell.append(`${digits(band.low)}–${digits(band.high)}`);
  if (Number.isFinite(band.rcv_up) && Number.isFinite(band.rcv_down)) {
    const rcv = document.createElement("span");
    rcv.className = "quiet";
    rcv.textContent = text("rcv", { down: percent(band.rcv_down), up: percent(band.rcv_up) });
    cell.append(" ", rcv);
  }
}

const digits = (value) => String(Number(Number(value).toPrecision(3)));
const percent = (value) => `${value < 0 ? "−" : "+"}${Math.abs(Math.round(value))} %`;
