// The rows and cells of the grid, and what a cell says, read in the browser for the first glance only.
// The server reads every cell again and has the last word.

import { text } from "./texts.js";

export const form = document.querySelector("#entry, #correction");
export const rows = new Map([...form.querySelectorAll("tr[data-marker]")].map((row) => [row.dataset.marker, row]));

const VALUE = /^(<=|>=|[<>≤≥≦≧⩽⩾])?\s*([0-9]*\.[0-9]+|[0-9]+)$/;
const PERCENT = 100;
const FOLD_FROM_PERCENT = 200;
const MANY_TIMES = 10;
const history = JSON.parse(document.getElementById("history").textContent);

export const part = (row, selector) => row.querySelector(selector);
export const valueField = (row) => part(row, `#value_${row.dataset.marker}`);
export const unitField = (row) => part(row, "select.entry-unit");
export const assayField = (row) => part(row, `#assay_${row.dataset.marker}`);
export const notes = (code) => form.querySelector(`tr[data-notes="${code}"]`);
export const confirmField = (code) => part(notes(code), `#confirm_${code}`);
export const nameOf = (row) => part(row, "th label").firstChild.textContent.trim();
export const isCell = (element) => element?.matches?.("input.entry-value") ?? false;
export const cells = () => [...form.querySelectorAll("input.entry-value")].filter((cell) => cell.offsetParent !== null);
export const rowOf = (cell) => rows.get(cell.closest("tr").dataset.marker ?? cell.closest("tr").dataset.notes);

const limit = (row, name) => (row.dataset[name] === "" || row.dataset[name] === undefined ? null : Number(row.dataset[name]));

function factor(row) {
  const select = unitField(row);
  return select ? Number(select.selectedOptions[0].dataset.factor ?? NaN) : 1;
}

// Full-width signs of a Chinese keyboard as their plain forms, as the server reads them.
const narrow = (text) => text.replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));

// What stands in a cell: null for nothing, NaN for what is no number.
export function read(row) {
  const typed = narrow(valueField(row).value.trim());
  if (typed === "") {
    return null;
  }
  const match = VALUE.exec(typed);
  return match ? { comparator: match[1] ?? "", canonical: Number(match[2]) * factor(row) } : { comparator: "", canonical: NaN };
}

export function collectedAt() {
  const day = form.elements.collected_on.value;
  return day === "" ? null : `${day}T${form.elements.collected_time.value || "00:00"}`;
}

export function previous(code) {
  const at = collectedAt();
  const points = (history[code] ?? []).filter((point) => at === null || point.at < at);
  return points.length > 0 ? points[points.length - 1] : null;
}

// In whole percent; from a tripling on how many times as much, as the server says it.
export function changeText(value, before) {
  if (before === null || before.canonical === null || !(Number(before.canonical) > 0) || !Number.isFinite(value)) {
    return "";
  }
  const times = value / Number(before.canonical);
  const percent = Math.round((times - 1) * PERCENT);
  if (percent >= FOLD_FROM_PERCENT) {
    return text("fold", { times: times.toFixed(Number(times.toFixed(1)) < MANY_TIMES ? 1 : 0) });
  }
  if (percent === 0) {
    return "0 %";
  }
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
}

export function flagText(row, { comparator, canonical }) {
  const low = limit(row, "low");
  const high = limit(row, "high");
  if (!Number.isFinite(canonical) || /[≤≥≦≧⩽⩾=]/.test(comparator)) {
    return "";
  }
  if (high !== null && (comparator === ">" ? canonical >= high : comparator === "" && canonical > high)) {
    return "H";
  }
  if (low !== null && (comparator === "<" ? canonical <= low : comparator === "" && canonical < low)) {
    return "L";
  }
  return "";
}

// "", "wrong", "impossible" or "doubt", where the server cannot be asked.
export function judge(row, { comparator, canonical }) {
  if (Number.isNaN(canonical)) {
    return "wrong";
  }
  if (canonical < limit(row, "possibleLow") || canonical > limit(row, "possibleHigh")) {
    return "impossible";
  }
  const low = limit(row, "warnLow");
  const high = limit(row, "warnHigh");
  const below = comparator === "" && low !== null && canonical < low;
  const above = comparator === "" && high !== null && canonical > high;
  return below || above ? "doubt" : "";
}

// What one row holds, as drafts and checks send it.
export function typedIn(code) {
  const row = rows.get(code);
  return {
    value: valueField(row).value,
    unit: unitField(row)?.value ?? part(row, `[name="unit_${code}"]`).value,
    assay: assayField(row).value,
    confirm: confirmField(code).value,
  };
}

// Write into a cell as if it had been typed.
export function put(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
