// When another laboratory is named, the grid follows its report: order, units and assays. What is typed moves with its
// column; where values stand already, their unit stays, and that is said.

import { form, put } from "./cells.js";
import { number, values } from "./places.js";
import { say, text } from "./texts.js";

const NOTHING = { order: [], offered: {} };
const profiles = JSON.parse(document.getElementById("profiles").textContent);
const profileOf = (name) => profiles[name.trim().split(/\s+/).join(" ").toLowerCase()] ?? NOTHING;
const unitOf = (code) => form.querySelector(`#unit_${code}`);
const assayOf = (code) => form.querySelector(`#assay_${code}`);
const codes = () => [...new Set(values().map((cell) => cell.dataset.marker))];
let stands = NOTHING;

export function startProfiles() {
  const field = form.elements.laboratory;
  stands = profileOf(field.value);
  field.addEventListener("change", () => {
    const next = profileOf(field.value);
    if (next !== stands) {
      follow(next, field.value.trim());
    }
  });
}

function follow(next, laboratory) {
  arrange(next.order);
  const stay = codes().filter((code) => !offer(code, next.offered[code] ?? {}));
  stands = next;
  const names = stay.map((code) => values().find((cell) => cell.dataset.marker === code).dataset.name);
  say([
    next === NOTHING ? "" : text("follows", { laboratory }),
    names.length > 0 ? text("units-stay", { what: names.join(", ") }) : "",
  ]);
}

// Whether unit and assay of the marker are now as the laboratory has them.
function offer(code, { unit = "", assay = "" }) {
  const select = unitOf(code);
  const cells = values().filter((cell) => cell.dataset.marker === code);
  const wanted = unit || cells[0].dataset.unit;
  const now = assayOf(code).value.trim();
  if (cells.some((cell) => cell.value.trim() !== "")) {
    return (!select || select.value === wanted) && now === assay;
  }
  if (select && select.value !== wanted) {
    if (![...select.options].some(({ value }) => value === wanted)) {
      select.add(new Option(wanted, wanted));
    }
    put(select, wanted);
  }
  // An assay that somebody typed is not taken away.
  if (now !== assay && (now === "" || now === (stands.offered[code]?.assay ?? ""))) {
    put(assayOf(code), assay);
  }
  return true;
}

function arrange(order) {
  const place = (code) => (order.includes(code) ? order.indexOf(code) : order.length);
  const catalogue = form.elements.markers.value.split(",");
  const wanted = codes().sort((one, other) => place(one) - place(other) || catalogue.indexOf(one) - catalogue.indexOf(other));
  const rows = form.querySelectorAll("tr[data-column]");
  const across = rows.length === 0;
  if (across) {
    form.querySelectorAll("tr").forEach((row) => inOrder([...row.children].filter(markerOf), wanted));
  } else {
    inOrder([...rows], wanted);
  }
  const first = Math.min(...values().map((cell) => Number(cell.dataset[across ? "col" : "row"])));
  values().forEach((cell) => {
    cell.dataset[across ? "col" : "row"] = String(first + wanted.indexOf(cell.dataset.marker));
  });
  number();
}

const markerOf = (element) => element.dataset.column ?? element.dataset.cell?.split(":")[1];

// The first of them stays where the row of them begins.
function inOrder(elements, wanted) {
  const before = elements[0]?.previousElementSibling;
  const parent = elements[0]?.parentElement;
  const sorted = [...elements].sort((one, other) => wanted.indexOf(markerOf(one)) - wanted.indexOf(markerOf(other)));
  sorted.reverse().forEach((element) => {
    if (before) {
      before.after(element);
    } else {
      parent.prepend(element);
    }
  });
}
