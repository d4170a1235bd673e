// Where each field of a grid of several draws stands: values, and what is said of each draw beside them.

import { form } from "./cells.js";

let places = new Map();

export const row = (field) => Number(field.dataset.row);
export const col = (field) => Number(field.dataset.col);
export const at = (down, across) => places.get(`${down} ${across}`);
export const values = () => [...form.querySelectorAll("input.entry-value[data-row]")];
export const cellsOf = (line) => values().filter((cell) => cell.dataset.line === line);
export const lines = () => [...new Set(values().map((cell) => cell.dataset.line))];
export const firstOpen = () => values().find((cell) => !cell.readOnly);
export const confirmOf = (cell) => cell.closest("td").querySelector("[data-confirm] input");
export const ownerOf = (field) => field.closest("td")?.querySelector("input.entry-value[data-row]");
export const isPlaced = (field) => field.dataset?.row !== undefined;

// Once more after columns have changed their places.
export function number() {
  places = new Map([...form.querySelectorAll("[data-row]")].map((field) => [`${field.dataset.row} ${field.dataset.col}`, field]));
}

export function go(field) {
  if (field) {
    field.focus();
    field.select?.();
    field.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

number();
