// What the server makes of each cell of a grid of several draws, one draw at a time: the same rule as at saving.

import { form } from "./cells.js";
import { cellsOf, lines, values } from "./places.js";
import { send } from "./talk.js";
import { text } from "./texts.js";

const PAUSE = 200;
const across = document.getElementById("grid-across");
const touched = new Set();
const known = new Set(); // lines the server was asked about
const sentences = new Map(); // line -> what no single cell of it says
const answers = new Map(); // line:marker -> what the server said of it last
let page = null;
let timer = null;
let asking = false;

export const found = (line, marker) => answers.get(`${line}:${marker}`);

export function startChecks(own) {
  page = own;
  form.addEventListener("input", ({ target }) => {
    const cell = target.closest("td[data-cell]");
    if (cell) {
      later([cell.dataset.cell.split(":")[0]]);
    }
  });
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[name^=day_], [name^=time_], [name^=same_day_]")) {
      later([target.dataset.line]);
    } else if (target.matches("[name=day], [name=laboratory], .entry-unit")) {
      later(lines().filter((line) => known.has(line) || isTyped(line) || page.momentOf(line) === null));
    }
  });
  later(lines().filter(isTyped));
}

const open = (line) => cellsOf(line).filter((cell) => !cell.readOnly);
const isTyped = (line) => open(line).some((cell) => cell.value.trim() !== "");
const unitOf = ({ dataset }) => form.elements[`unit_${dataset.marker}`]?.value ?? dataset.unit;

// What stood before a draw of which nothing is typed yet.
export function need(line) {
  if (!known.has(line)) {
    later([line]);
  }
}

function later(touchedLines) {
  touchedLines.forEach((line) => touched.add(line));
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
}

// One line after the other: a pasted block is no burst of requests.
async function ask() {
  if (asking) {
    return;
  }
  asking = true;
  while (touched.size > 0) {
    const [line] = touched;
    touched.delete(line);
    await askLine(line);
    page.answered();
  }
  asking = false;
}

async function askLine(line) {
  const cells = open(line);
  const at = page.momentOf(line);
  if (cells.length === 0) {
    return;
  }
  if (at === null) {
    forget(cells, line);
    return;
  }
  const asked = new Map(cells.map((cell) => [cell, held(cell)]));
  const body = {
    patient: Number(cells[0].dataset.patient),
    at,
    laboratory: form.elements.laboratory?.value ?? "",
    cells: Object.fromEntries(cells.map((cell) => [keyOf(cell), asked.get(cell)])),
    ...beside(line),
  };
  const answer = await send("POST", form.dataset.checkUrl, body);
  const ok = answer.state === "ok";
  if (ok) {
    known.add(line);
  }
  for (const cell of cells) {
    if (JSON.stringify(held(cell)) === JSON.stringify(asked.get(cell))) {
      show(cell, ok ? answer.data.cells[keyOf(cell)] : null);
    }
  }
  const computed = ok ? showComputed(line, answer.data.computed) : [];
  const told = ok ? [...answer.data.across.map((concern) => concern.text), ...computed] : [];
  sentences.set(line, told.map((sentence) => `${nameOf(cells[0])} · ${sentence}`));
  showAcross();
}

// Of blood that is on record, the cells are checked beside what stands there.
function beside(line) {
  const [choice, draw] = [`same_day_${line}`, `same_draw_${line}`].map((name) => form.elements[name]?.value);
  return choice === "same" && draw ? { draw: Number(draw) } : {};
}

// Without its day a draw stands after nothing.
function forget(cells, line) {
  known.delete(line);
  cells.forEach((cell) => {
    answers.delete(`${line}:${cell.dataset.marker}`);
    showPrevious(cell.closest("td").querySelector("[data-previous]"), { previous: null, change: "" });
  });
  computedOf(line).forEach((cell) => showPrevious(cell.querySelector("[data-previous]"), { previous: null, change: "" }));
}

const computedOf = (line) => [...form.querySelectorAll(`[data-computed^="${line}:"]`)];

// What is computed from the cells of the draw; gives what is urgent of it.
function showComputed(line, computed) {
  return computedOf(line).flatMap((cell) => {
    const [, code] = cell.dataset.computed.split(":");
    const one = computed[code] ?? { value: "", flag: "", urgent: [], change: "", previous: null, days: null };
    answers.set(`${line}:${code}`, one);
    cell.querySelector("output").textContent = one.value || "–";
    cell.querySelector("[data-flag]").textContent = one.flag;
    showPrevious(cell.querySelector("[data-previous]"), one);
    say(cell, one.urgent.map((sentence) => [sentence, "wrong"]));
    return one.urgent;
  });
}

// The label of a cell is its marker, then whose or of when it is.
const nameOf = (cell) => cell.getAttribute("aria-label").split(", ").slice(1).join(", ");
const keyOf = (cell) => cell.closest("td").dataset.cell;
const confirmOf = (cell) => cell.closest("td").querySelector("[data-confirm]");

const held = (cell) => ({ value: cell.value, unit: unitOf(cell), confirm: confirmOf(cell).querySelector("input").value });

function show(cell, answer) {
  const place = cell.closest("td");
  if (answer === null || answer === undefined) {
    say(place, cell.value.trim() === "" ? [] : [[text("unchecked"), ""]]);
    return;
  }
  answers.set(`${cell.dataset.line}:${cell.dataset.marker}`, answer);
  place.querySelector("[data-flag]").textContent = answer.flag;
  showPrevious(place.querySelector("[data-previous]"), answer);
  const doubt = ["confirm", "confirmed"].includes(answer.state);
  say(place, said(answer));
  setConfirm(cell, doubt);
  cell.classList.toggle("doubt", doubt);
  if (answer.state === "wrong") {
    cell.setAttribute("aria-invalid", "true");
  } else {
    cell.removeAttribute("aria-invalid");
  }
}

function said(answer) {
  const told = answer.urgent.map((one) => [one, "wrong"]);
  if (answer.state === "wrong") {
    told.unshift([answer.text, "wrong"]);
  } else if (answer.state === "confirmed") {
    told.push([text("confirmed"), ""]);
  } else {
    told.push(...answer.doubts.map((one) => [one, "doubt"]));
    if (["confirm", "absent"].includes(answer.state) && !told.some(([one]) => one === answer.text)) {
      told.unshift([answer.text, answer.state === "confirm" ? "wrong" : ""]);
    }
  }
  return told.filter(([one]) => one);
}

// As it is printed over the column.
function unitShown({ dataset }) {
  const select = form.elements[`unit_${dataset.cell?.split(":")[1]}`];
  return select?.selectedOptions?.[0].textContent ?? dataset.canonical ?? dataset.unit;
}

// Short, under the cell; the rest stands in the line about the cell.
function showPrevious(place, { previous, change }) {
  const unit = ` ${unitShown(place.closest("td"))}`;
  const value = previous?.text ?? "";
  const parts = [["span", value.endsWith(unit) ? value.slice(0, -unit.length) : value], ["strong", change]].map(([tag, said]) => {
    const part = document.createElement(tag);
    part.textContent = said;
    return part;
  });
  place.dataset.value = value;
  place.dataset.on = previous?.date ?? "";
  place.replaceChildren(...(previous ? [parts[0], " ", parts[1]] : []));
}

// A field that is not asked for is not sent.
function setConfirm(cell, doubt) {
  const place = confirmOf(cell);
  const field = place.querySelector("input");
  place.hidden = !doubt;
  field.disabled = !doubt;
  if (!doubt) {
    field.value = "";
  }
}

function say(place, notes) {
  const below = place.querySelector("[data-note]");
  const stands = [...below.children].map((line) => line.textContent).join("\n");
  if (stands !== notes.map(([one]) => one).join("\n")) {
    below.replaceChildren(
      ...notes.map(([one, kind]) => {
        const line = document.createElement("p");
        line.className = `entry-cell-note ${kind}`.trim();
        line.textContent = one;
        return line;
      }),
    );
  }
}

function showAcross() {
  const told = [...sentences.values()].flat();
  across.replaceChildren(
    ...told.map((sentence) => {
      const line = document.createElement("li");
      line.textContent = sentence;
      return line;
    }),
  );
  across.hidden = told.length === 0;
}
