// The cohort's chart: draws what monitoring/cohort_chart.py wrote, in the colours of the reader's theme, and moves one
// focus line through all panels by mouse and by arrow keys. All words come with the data.

import { coloured } from "./chart_colours.js";

const chart = document.getElementById("chart");
const readout = document.getElementById("chart-readout");
const payload = JSON.parse(document.getElementById("chart-data").textContent);
const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 720px)");

const config = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false, showTips: false };
const line = document.createElement("div");
line.className = "focus-line";
line.hidden = true;
let focused = -1;

function fitNarrow(layout) {
  // Numbers under one another cannot be read any more: the readout and the table say them.
  // The row they leave is the unit's, which has no room beside a long name.
  layout.annotations = layout.annotations
    .filter((one) => one.name !== "count")
    .map((one) => ({ ...one, yshift: one.name === "unit" ? 2 : 16, font: { ...one.font, size: 11 } }));
  layout.xaxis.dtick = 16;
  layout.xaxis.title.font.size = 11;
}

async function draw() {
  const layout = structuredClone(payload.layout);
  if (narrow.matches) fitNarrow(layout);
  await window.Plotly.react(chart, coloured(payload.data), coloured(layout), config);
  chart.append(line);
  placeLine();
}

// --- the focus line ------------------------------------------------------------------------------------------------
function axis() {
  return chart._fullLayout.xaxis;
}

function placeLine() {
  const at = payload.windows[focused];
  line.hidden = !at;
  if (!at) return;
  line.style.left = `${axis()._offset + axis().d2p(at.x)}px`;
  line.style.top = `${payload.plot.top}px`;
  line.style.bottom = `${payload.plot.bottom}px`;
}

function read(at) {
  if (at === focused) return;
  focused = at;
  placeLine();
  const head = document.createElement("b");
  head.textContent = payload.windows[at].head;
  const items = payload.windows[at].items.map((item) => {
    const said = document.createElement("span");
    said.textContent = item;
    return said;
  });
  readout.replaceChildren(head, ...items);
}

chart.addEventListener("mousemove", (event) => {
  if (!chart._fullLayout) return;
  const x = event.clientX - chart.getBoundingClientRect().left - axis()._offset;
  if (x < 0 || x > axis()._length) return;
  const away = payload.windows.map((one) => Math.abs(axis().d2p(one.x) - x));
  read(away.indexOf(Math.min(...away)));
});

chart.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const last = payload.windows.length - 1;
  const next = {
    ArrowLeft: focused < 0 ? last : focused - 1,
    ArrowRight: focused < 0 ? 0 : focused + 1,
    Home: 0,
    End: last,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  read(Math.min(Math.max(next, 0), last));
});

// --- start ---------------------------------------------------------------------------------------------------------
await draw();
new ResizeObserver(placeLine).observe(chart);
darkness.addEventListener("change", draw);
narrow.addEventListener("change", draw);
