// A block copied from a spreadsheet spreads over the cells: a column or a row from the cell the cursor is in, or
// markers with their values wherever they stand. What does not fit is named, never dropped in silence.

import { form, isCell, nameOf, put, rowOf, rows, unitField, valueField } from "./cells.js";
import { say, text } from "./texts.js";

export function startPaste() {
  form.addEventListener("paste", (event) => {
    if (!isCell(event.target)) {
      return;
    }
    if (event.target.name.startsWith("confirm_")) {
      event.preventDefault();
      say(text("paste-confirm"));
      return;
    }
    const block = table(event.clipboardData.getData("text/plain"));
    if (block.length > 1 || (block[0]?.length ?? 0) > 1) {
      event.preventDefault();
      spread(event.target, block);
    }
  });
}

// Rows of cells; quoted cells may hold tabs, line ends and doubled quotes. Lines that hold nothing end no block.
export function table(pasted) {
  const found = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/gy;
  for (let match = cell.exec(pasted); match; match = cell.exec(pasted)) {
    const [, quoted, plain, end] = match;
    found[found.length - 1].push((quoted === undefined ? plain : quoted.replaceAll('""', '"')).trim());
    if (end === "" || cell.lastIndex >= pasted.length) {
      break;
    }
    if (end !== "\t") {
      found.push([]);
    }
  }
  while (found.length > 0 && found[found.length - 1].every((one) => one === "")) {
    found.pop();
  }
  return found;
}

const plain = (name) => name.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const byName = new Map();
rows.forEach((row) => row.dataset.names.split("|").forEach((name) => byName.set(plain(name), row)));

function spread(start, block) {
  const named = block.filter(([first]) => byName.has(plain(first))).length;
  const result = { filled: [], left: [], undo: [] };
  if (block.every((line) => line.length === 1)) {
    downwards(start, block.map(([value]) => value), result);
  } else if (named > 0) {
    byMarker(block, result);
  } else if (block.length === 1) {
    downwards(start, block[0], result);
  } else {
    say(text("paste-shape"));
    return;
  }
  tell(result);
}

// An empty cell of the block leaves its row as it is: the paper had nothing there.
function downwards(start, values, result) {
  const all = [...rows.values()];
  const first = all.indexOf(rowOf(start));
  values.forEach((value, place) => {
    if (value === "") {
      return;
    }
    const row = all[first + place];
    if (row) {
      fill(row, value, result);
    } else {
      result.left.push(value);
    }
  });
}

function byMarker(block, result) {
  for (const line of block) {
    const [name, value = "", unit = ""] = line;
    const row = byName.get(plain(name));
    if (!row) {
      if (line.some((one) => one !== "")) {
        result.left.push(line.filter((one) => one !== "").join(" "));
      }
    } else if (value !== "") {
      // A value whose unit the marker does not know is not written in another one.
      if (unit !== "" && !knowsUnit(row, unit)) {
        result.left.push(`${nameOf(row)} ${value} ${unit}`);
        continue;
      }
      fill(row, value, result);
      if (unit !== "") {
        setUnit(row, unit);
      }
      result.left.push(...line.slice(3).filter((one) => one !== ""));
    }
  }
}

function fill(row, value, result) {
  const field = valueField(row);
  const fits = value.slice(0, field.maxLength);
  if (fits !== value) {
    result.left.push(`${nameOf(row)} ${value}`);
    return;
  }
  result.undo.push({ row, value: field.value, unit: unitField(row)?.value });
  result.filled.push({ row, stood: field.value, value });
  put(field, value);
}

function knowsUnit(row, unit) {
  const select = unitField(row);
  const known = select
    ? [...select.options].flatMap((option) => [option.value, option.textContent])
    : [row.querySelector(".entry-one-unit").textContent];
  return known.some((one) => unitName(one) === unitName(unit));
}

// The unit as the page prints it or as its code. A row without a choice has the one unit it knows.
function setUnit(row, unit) {
  const same = (option) => [option.value, option.textContent].some((known) => unitName(known) === unitName(unit));
  const select = unitField(row);
  if (select) {
    put(select, [...select.options].find(same).value);
  }
}

const unitName = (name) => name.normalize("NFKC").replaceAll("×", "").replaceAll("*", "").replaceAll("^", "").replaceAll("μ", "u").replaceAll(" ", "").toLowerCase();

function tell({ filled, left, undo }) {
  const replaced = filled.filter(({ stood, value }) => stood.trim() !== "" && stood !== value);
  const said = [text("pasted", { count: filled.length })];
  const list = (names) => names.join(", ");
  if (replaced.length > 0) {
    said.push(text("replaced", { what: list(replaced.map(({ row, stood }) => `${nameOf(row)} ${stood}`)) }));
  }
  if (left.length > 0) {
    said.push(text("left-over", { what: list(left) }));
  }
  const back = () => {
    undo.reverse().forEach(({ row, value, unit }) => {
      if (unit !== undefined) {
        put(unitField(row), unit);
      }
      put(valueField(row), value);
    });
    say("");
    undo[undo.length - 1] && valueField(undo[undo.length - 1].row).focus();
  };
  say(said, undo.length > 0 ? { label: text("undo-paste"), run: back } : null);
}
