// The entry grid: keys to move by, and what a value means shown while it is typed.
// The server reads every cell again; nothing here decides what is saved.

const form = document.getElementById("entry");
const history = JSON.parse(document.getElementById("history").textContent);
const rows = new Map([...form.querySelectorAll("tr[data-marker]")].map((row) => [row.dataset.marker, row]));
const VALUE = /^(<=|>=|[<>≤≥＜＞])?\s*([0-9]*\.[0-9]+|[0-9]+)$/;
const PERCENT = 100;

// The same formulas and last digits as the server's.
const FORMULAS = {
  NLR: { inputs: ["NEUT", "LYMPH"], places: 3, compute: (neut, lymph) => neut / lymph },
  SII: { inputs: ["PLT", "NEUT", "LYMPH"], places: 1, compute: (plt, neut, lymph) => (plt * neut) / lymph },
  CA_CORR: { inputs: ["CA", "ALB"], places: 3, compute: (ca, alb) => ca + 0.02 * (40 - alb) },
};

const part = (row, selector) => row.querySelector(selector);
const valueField = (row) => part(row, `#value_${row.dataset.marker}`);
const notes = (code) => form.querySelector(`tr[data-notes="${code}"]`);
const limit = (row, name) => (row.dataset[name] === "" || row.dataset[name] === undefined ? null : Number(row.dataset[name]));

function factor(row) {
  const select = part(row, "select");
  return select ? Number(select.selectedOptions[0].dataset.factor ?? NaN) : 1;
}

// Full-width signs of a Chinese keyboard as their plain forms, as the server reads them.
const narrow = (text) => text.replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));

// What stands in a cell: null for nothing, NaN for what is no value.
function read(row) {
  const text = narrow(valueField(row).value.trim());
  if (text === "") {
    return null;
  }
  const match = VALUE.exec(text);
  return match ? { comparator: match[1] ?? "", canonical: Number(match[2]) * factor(row) } : { comparator: "", canonical: NaN };
}

function collectedAt() {
  const day = form.elements.collected_on.value;
  return day === "" ? null : `${day}T${form.elements.collected_time.value || "00:00"}`;
}

function previous(code) {
  const at = collectedAt();
  const points = (history[code] ?? []).filter((point) => at === null || point.at < at);
  return points.length > 0 ? points[points.length - 1] : null;
}

function changeText(value, before) {
  if (before === null || before.canonical === null || !(Number(before.canonical) > 0) || !Number.isFinite(value)) {
    return "";
  }
  const percent = Math.round((value / Number(before.canonical) - 1) * PERCENT);
  if (percent === 0) {
    return "0 %";
  }
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent)} %`;
}

function flagText(row, { comparator, canonical }) {
  const low = limit(row, "low");
  const high = limit(row, "high");
  if (!Number.isFinite(canonical) || /[≤≥＜＞=]/.test(comparator)) {
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

// "", "wrong", "impossible" or "doubt": the server has the whole list of reasons and the last word.
function judge(row, { comparator, canonical }) {
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

function showPrevious(row, code) {
  const before = previous(code);
  const cell = part(row, "[data-previous]");
  if (cell) {
    cell.textContent = before === null ? "" : `${before.text} `;
    if (before !== null) {
      const when = document.createElement("span");
      when.className = "quiet";
      when.textContent = before.date;
      cell.append(when);
    }
  }
  return before;
}

function showRow(row) {
  const code = row.dataset.marker;
  const typed = read(row);
  part(row, "[data-flag]").textContent = typed === null ? "" : flagText(row, typed);
  const before = previous(code);
  const change = typed === null || typed.comparator !== "" ? "" : changeText(typed.canonical, before);
  part(row, "[data-change]").textContent = change;
}

function showNote(row) {
  const code = row.dataset.marker;
  const typed = read(row);
  const verdict = typed === null ? "" : judge(row, typed);
  const below = notes(code);
  const live = part(below, "[data-live]");
  const text = { wrong: form.dataset.decimal, impossible: form.dataset.impossible, doubt: form.dataset.doubt }[verdict] ?? "";
  // What the server said belonged to the value as it was; the cell speaks for the new one.
  below.querySelectorAll(".entry-cell-note:not([data-live])").forEach((note) => note.remove());
  live.textContent = text;
  live.hidden = text === "";
  live.className = `entry-cell-note ${verdict === "doubt" ? "doubt" : "wrong"}`;
  part(below, "[data-confirm]").hidden = verdict !== "doubt";
  below.hidden = verdict === "";
  valueField(row).classList.toggle("doubt", verdict === "doubt");
  valueField(row).toggleAttribute("aria-invalid", false);
  if (verdict === "wrong" || verdict === "impossible") {
    valueField(row).setAttribute("aria-invalid", "true");
  }
}

function showComputed() {
  for (const row of form.querySelectorAll("tr[data-computed]")) {
    const formula = FORMULAS[row.dataset.computed];
    if (!formula) {
      continue;
    }
    const typed = formula.inputs.map((code) => (rows.has(code) ? read(rows.get(code)) : null));
    const ready = typed.every((input) => input !== null && input.comparator === "" && input.canonical > 0);
    const value = ready ? formula.compute(...typed.map((input) => input.canonical)) : NaN;
    part(row, "output").textContent = ready ? String(Number(value.toFixed(formula.places))) : "–";
    part(row, "[data-flag]").textContent = ready ? flagText(row, { comparator: "", canonical: value }) : "";
    part(row, "[data-change]").textContent = ready ? changeText(value, previous(row.dataset.computed)) : "";
  }
}

function showCount() {
  const count = [...rows.values()].filter((row) => valueField(row).value.trim() !== "").length;
  form.querySelector("[data-count]").textContent = count === 0 ? "" : form.dataset.counted.replace("%(count)s", count);
}

// --- keys ---------------------------------------------------------------------------------------------------------

const isCell = (element) => element.matches?.("input.entry-value");
const cells = () => [...form.querySelectorAll("input.entry-value")].filter((cell) => cell.offsetParent !== null);
const before = new WeakMap();

function move(from, step) {
  const all = cells();
  const next = all[all.indexOf(from) + step];
  if (next) {
    next.focus();
    next.select();
  } else if (step > 0) {
    form.querySelector(".entry-save button").focus();
  }
}

form.addEventListener("focusin", ({ target }) => {
  if (isCell(target)) {
    before.set(target, target.value);
  }
});

form.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    target.blur();
    form.requestSubmit(form.querySelector(".entry-save button"));
    return;
  }
  if (event.key === "Enter" && target.matches("input, select") && !event.isComposing) {
    event.preventDefault();
    if (isCell(target)) {
      target.dispatchEvent(new Event("change", { bubbles: true }));
      move(target, event.shiftKey ? -1 : 1);
    } else {
      nextField(target)?.focus();
    }
    return;
  }
  if (!isCell(target)) {
    return;
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    target.dispatchEvent(new Event("change", { bubbles: true }));
    move(target, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Escape") {
    event.preventDefault();
    target.value = before.get(target) ?? "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
    target.select();
  }
});

function nextField(from) {
  const fields = [...form.querySelectorAll("input:not([type=hidden]), select")].filter((field) => field.offsetParent !== null);
  return fields[fields.indexOf(from) + 1];
}

// --- wiring --------------------------------------------------------------------------------------------------------

let unsaved = form.querySelector("[aria-invalid], .doubt") !== null;

form.addEventListener("input", (event) => {
  unsaved = true;
  const row = event.target.closest("tr[data-marker]");
  if (row) {
    showRow(row);
    showComputed();
    showCount();
  }
});

form.addEventListener("change", (event) => {
  if (event.target.name === "collected_on" || event.target.name === "collected_time") {
    rows.forEach((row, code) => showPrevious(row, code));
    rows.forEach(showRow);
    showComputed();
    return;
  }
  const row = event.target.closest("tr[data-marker]");
  if (row && event.target.name !== `assay_${row.dataset.marker}`) {
    const stale = noted.get(row);
    const now = `${valueField(row).value} ${part(row, "select")?.value ?? ""}`;
    if (stale !== now) {
      noted.set(row, now);
      showNote(row);
      showRow(row);
      showComputed();
    }
  }
});

// What each row held when its note was written, so that passing through a cell does not wipe the server's words.
const noted = new WeakMap();
rows.forEach((row) => noted.set(row, `${valueField(row).value} ${part(row, "select")?.value ?? ""}`));

form.addEventListener("submit", () => {
  unsaved = false;
});

window.addEventListener("beforeunload", (event) => {
  if (unsaved) {
    event.preventDefault();
  }
});

showComputed();
showCount();
if (!document.querySelector("[data-focus]")) {
  form.querySelector("#id_collected_on").focus();
}
