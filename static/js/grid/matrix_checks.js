// What the server makes of each cell of a grid of several draws, one draw at a time: the same rule as at saving.

import { form } from "./cells.js";
import { send } from "./talk.js";
import { text } from "./texts.js";

const PAUSE = 200;
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const across = document.getElementById("grid-across");
const touched = new Set();
const sentences = new Map(); // line -> what no single cell of it says
let page = null;
let timer = null;
let asking = false;

export function startChecks(own) {
  page = own;
  form.addEventListener("input", ({ target }) => {
    const cell = target.closest("td[data-cell]");
    if (cell) {
      later([cell.dataset.cell.split(":")[0]]);
    }
  });
  form.addEventListener("change", ({ target }) => {
    if (target.matches("[name^=day], [name^=same_day], .entry-unit")) {
      later(lines());
    }
  });
  later(lines().filter((line) => open(line).some((cell) => cell.value.trim() !== "")));
}

const lines = () => [...new Set(page.all.map((cell) => cell.dataset.line))];
const open = (line) => page.all.filter((cell) => cell.dataset.line === line && !cell.readOnly);
const unitOf = ({ dataset }) => form.elements[`unit_${dataset.marker}`]?.value ?? dataset.unit;

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
  }
  asking = false;
}

async function askLine(line) {
  const cells = open(line);
  const at = page.dayOf(line);
  if (cells.length === 0 || !ISO_DAY.test(at)) {
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
  for (const cell of cells) {
    if (JSON.stringify(held(cell)) === JSON.stringify(asked.get(cell))) {
      show(cell, answer.state === "ok" ? answer.data.cells[keyOf(cell)] : null);
    }
  }
  sentences.set(line, answer.state === "ok" ? answer.data.across.map((concern) => `${nameOf(cells[0])} · ${concern.text}`) : []);
  showAcross();
}

// Of blood that is on record, the cells are checked beside what stands there.
function beside(line) {
  const [choice, draw] = [`same_day_${line}`, `same_draw_${line}`].map((name) => form.elements[name]?.value);
  return choice === "same" && draw ? { draw: Number(draw) } : {};
}

// The label of a cell is its marker, then whose or of when it is.
const nameOf = (cell) => cell.getAttribute("aria-label").split(", ").slice(1).join(", ");
const keyOf = (cell) => cell.closest("td").dataset.cell;
const confirmOf = (cell) => cell.closest("td").querySelector("[data-confirm]");

const held = (cell) => ({ value: cell.value, unit: unitOf(cell), confirm: confirmOf(cell).querySelector("input").value });

function show(cell, found) {
  const place = cell.closest("td");
  if (found === null || found === undefined) {
    say(place, cell.value.trim() === "" ? [] : [[text("unchecked"), ""]]);
    return;
  }
  place.querySelector("[data-flag]").textContent = found.flag;
  showPrevious(place.querySelector("[data-previous]"), found);
  const doubt = ["confirm", "confirmed"].includes(found.state);
  say(place, said(found));
  setConfirm(cell, doubt);
  cell.classList.toggle("doubt", doubt);
  if (found.state === "wrong") {
    cell.setAttribute("aria-invalid", "true");
  } else {
    cell.removeAttribute("aria-invalid");
  }
}

function said(found) {
  const told = found.urgent.map((one) => [one, "wrong"]);
  if (found.state === "wrong") {
    told.unshift([found.text, "wrong"]);
  } else if (found.state === "confirmed") {
    told.push([text("confirmed"), ""]);
  } else {
    told.push(...found.doubts.map((one) => [one, "doubt"]));
    if (["confirm", "absent"].includes(found.state) && !told.some(([one]) => one === found.text)) {
      told.unshift([found.text, found.state === "confirm" ? "wrong" : ""]);
    }
  }
  return told.filter(([one]) => one);
}

function showPrevious(place, { previous, change, days }) {
  const when = document.createElement("span");
  when.className = "quiet";
  when.textContent = previous ? [previous.date, days > 0 ? daysText(days) : "", change].filter(Boolean).join(" · ") : "";
  place.replaceChildren(previous ? `${previous.text} ` : "", when);
}

const daysText = (days) => (days === 1 ? text("day") : text("days", { days }));

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
