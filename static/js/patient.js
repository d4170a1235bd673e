// The patient's chart: draws what monitoring/charts.py wrote, in the colours of the reader's theme, and moves one
// focus line through all panels by mouse and by arrow keys. All words come with the data.

import { forgetScale, keepScale, ownScale } from "./chart_choice.js";
import { coloured } from "./chart_colours.js";
import { drawDetail } from "./chart_detail.js";
import { offerImages } from "./chart_image.js";
import { breakTexts, hatchedText, panelMarks } from "./chart_marks.js";

const chart = document.getElementById("chart");
const tools = document.getElementById("chart-tools");
const readout = document.getElementById("chart-readout");
const windowText = document.getElementById("chart-window");
const payload = JSON.parse(document.getElementById("chart-data").textContent);
const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const finePointer = window.matchMedia("(pointer: fine)");
const narrow = window.matchMedia("(max-width: 720px)");

const view = { window: payload.window, span: payload.windows[payload.window].range, scale: "linear", measure: "value", draw: -1 };
const line = document.createElement("div");
line.className = "focus-line";
line.hidden = true;
const dated = document.createElement("span"); // the date the line stands at; it is read out with the values
dated.className = "focus-date num";
dated.setAttribute("aria-hidden", "true");
line.append(dated);

// --- what was chosen is kept: in the address, so that it can be sent, and for the walk to the next patient ------------
const KEPT = { scale: ["linear", "log"], measure: ["value", "uln", "baseline"] };

function recall() {
  const asked = new URLSearchParams(window.location.search);
  for (const [name, known] of Object.entries(KEPT)) {
    const said = asked.get(name) ?? sessionStorage.getItem(`chart-${name}`);
    if (known.includes(said)) view[name] = said;
  }
}

function keep() {
  const address = new URL(window.location.href);
  for (const [name, [usual]] of Object.entries(KEPT)) {
    sessionStorage.setItem(`chart-${name}`, view[name]);
    if (view[name] === usual) address.searchParams.delete(name);
    else address.searchParams.set(name, view[name]);
  }
  window.history.replaceState(window.history.state, "", address);
}

// --- drawing -------------------------------------------------------------------------------------------------------
function labelsFor([start, end]) {
  // A course that began before the window keeps its name in view.
  const at = payload.data.findIndex((trace) => trace.name === "treatment-labels");
  if (at < 0) return null;
  const { starts, ends } = payload.data[at].meta;
  const shown = starts.map((from, n) => (ends[n] < start || from > end ? null : from < start ? start : from));
  return { at, shown };
}

function turnLabels(layout) {
  // The words at a change of assay stand on the side of the line that has room.
  const [start, end] = layout.xaxis.range.map(Date.parse);
  layout.annotations = layout.annotations.map((one) => {
    if (!["break", "rebased"].includes(one.name) || (Date.parse(one.x) - start) / (end - start) < 0.6) return one;
    return { ...one, xanchor: "right", xshift: -3 };
  });
}

function scaleOf(marker) {
  return ownScale(marker) ?? view.scale;
}

function scaleName(scale) {
  if (view.measure === "value") return scale;
  return scale === "log" ? `${view.measure}-log` : view.measure;
}

function applyScale(panel, data, layout) {
  const scale = payload.scales[scaleName(scaleOf(panel.marker))];
  for (const field of ["type", "range"]) layout[panel.axis][field] = structuredClone(scale[`${panel.axis}.${field}`]);
  layout.shapes.push(...scale.shapes.filter((one) => one.yref === panel.ref));
  layout.annotations.push(...scale.annotations.filter((one) => one.y === panel.top));
  for (const [at, { y, ...marks }] of Object.entries(scale.traces)) {
    if (data[at].meta.marker !== panel.marker) continue;
    data[at].y = y;
    if (marks.symbol) Object.assign(data[at].marker, marks);
  }
}

function whole(one) {
  return { ...payload.templates[one.name], ...one };
}

function restate(data) {
  // The numbers of the measure chosen; a hover text begins with the number that is drawn.
  for (const [at, { said, ...change }] of Object.entries(payload.measures[view.measure] ?? {})) {
    Object.assign(data[at], change);
    if (said) data[at].hovertext = data[at].hovertext.map((text, n) => (said[n] ? `${said[n]}<br>${text}` : text));
  }
}

function fillPanel(trace, layout) {
  // From the foot of the axis to its top, wherever they are in the scale that is shown.
  const { type, range } = layout[`yaxis${trace.yaxis.slice(1)}`];
  trace.y = trace.y.map((side) => (type === "log" ? 10 ** range[side] : range[side]));
}

function fitNarrow(layout) {
  // Title and last value share one line: what stands between them gives way to what must be said.
  for (const axis of ["xaxis", "xaxis2"]) if (layout[axis]) layout[axis].nticks = 4;
  layout.annotations = layout.annotations.map((one) => {
    if (one.name === "remark") return { ...one, text: one.narrow };
    return one.name === "last" ? { ...one, font: { ...one.font, size: 12 } } : one;
  });
}

function figure() {
  const data = structuredClone(payload.data);
  const layout = structuredClone(payload.layout);
  restate(data);
  for (const panel of payload.panels) applyScale(panel, data, layout);
  layout.shapes = layout.shapes.map(whole);
  layout.annotations = layout.annotations.map(whole);
  for (const trace of data) if (trace.meta?.role === "span") fillPanel(trace, layout);
  for (const axis of ["xaxis", "xaxis2"]) if (layout[axis]) layout[axis].range = [...view.span];
  const labels = labelsFor(view.span);
  if (labels) data[labels.at].x = labels.shown;
  turnLabels(layout);
  if (narrow.matches) fitNarrow(layout);
  layout.dragmode = finePointer.matches ? "zoom" : false;
  return { data: coloured(data), layout: coloured(layout) };
}

const config = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false, showTips: false };

async function draw() {
  const { data, layout } = figure();
  await window.Plotly.react(chart, data, layout, config);
  chart.append(line);
  place();
  for (const button of tools.querySelectorAll("[data-window]")) {
    button.setAttribute("aria-pressed", String(button.dataset.window === view.window));
  }
  for (const name of Object.keys(KEPT)) {
    for (const button of tools.querySelectorAll(`[data-${name}]`)) {
      button.setAttribute("aria-pressed", String(pressed(name, button.dataset[name])));
    }
  }
  const [start, end] = view.span.map((edge) => edge.slice(0, 10));
  windowText.textContent = view.window
    ? payload.windows[view.window].text
    : payload.texts.own_window.replace("{start}", start).replace("{end}", end);
}

function pressed(name, choice) {
  return name === "scale" ? payload.panels.every((panel) => scaleOf(panel.marker) === choice) : view[name] === choice;
}

const placeMarks = panelMarks(chart, payload, (marker) => {
  keepScale(marker, scaleOf(marker) === "log" ? "linear" : "log");
  draw();
});

function place() {
  placeMarks({ span: view.span, scaleOf, narrow: narrow.matches });
  placeLine();
}

// --- the focus line ------------------------------------------------------------------------------------------------
function axis() {
  return chart._fullLayout.xaxis;
}

function placeLine() {
  const focused = payload.draws[view.draw];
  if (!focused) {
    line.hidden = true;
    return;
  }
  const x = axis().d2p(focused.x);
  line.hidden = x < 0 || x > axis()._length;
  line.style.left = `${axis()._offset + x}px`;
  line.classList.toggle("focus-line-late", x > axis()._length / 2);
  dated.textContent = focused.day;
  line.style.top = `${payload.plot.top}px`;
  line.style.bottom = `${payload.plot.bottom}px`;
}

function neighbour(name, at, step) {
  const here = payload.draws[at].codes.indexOf(name);
  for (let n = at + step; payload.draws[n]; n += step) {
    const { codes, values, assays } = payload.draws[n];
    const found = codes.indexOf(name);
    if (found < 0) continue;
    const same = here < 0 || assays[found] === payload.draws[at].assays[here];
    return same ? values[found] : payload.texts.other_assay.replace("{value}", values[found]);
  }
  return "";
}

function around(name, at) {
  const [before, after] = [neighbour(name, at, -1), neighbour(name, at, 1)];
  const said = [before && payload.texts.before.replace("{value}", before), after && payload.texts.after.replace("{value}", after)];
  return said.filter(Boolean).join(" · ");
}

function told(item, beside) {
  const said = document.createElement("span");
  const quiet = document.createElement("span");
  quiet.className = "quiet";
  quiet.textContent = beside && ` (${beside})`;
  said.append(item, quiet);
  return said;
}

function read(at) {
  if (at === view.draw) return;
  view.draw = at;
  placeLine();
  const { day, items, codes } = payload.draws[at];
  const head = document.createElement("b");
  head.textContent = day;
  const values = items.map((item, n) => told(item, around(codes[n], at)));
  // A marker that was not measured that day is read out between its neighbours.
  for (const name of new Set(payload.draws.flatMap((one) => one.codes))) {
    if (!codes.includes(name) && neighbour(name, at, -1) && neighbour(name, at, 1)) values.push(told(`${name} –`, around(name, at)));
  }
  readout.replaceChildren(head, ...values);
}

function nearest(moment) {
  const away = payload.draws.map((one) => Math.abs(axis().d2l(one.x) - moment));
  return away.indexOf(Math.min(...away));
}

function inWindow() {
  const [start, end] = axis().range.map((edge) => axis().r2l(edge));
  const moments = payload.draws.map((one) => axis().d2l(one.x));
  return moments.flatMap((moment, at) => (moment >= start && moment <= end ? [at] : []));
}

chart.addEventListener("mousemove", (event) => {
  if (!chart._fullLayout) return;
  const x = event.clientX - chart.getBoundingClientRect().left - axis()._offset;
  if (x < 0 || x > axis()._length) return;
  read(nearest(axis().p2l(x)));
});

const openDetail = drawDetail(chart, payload);

chart.addEventListener("keydown", (event) => {
  if (event.target !== chart) return; // the switches at the panels have keys of their own
  if (event.key === "Enter" && !line.hidden) {
    event.preventDefault();
    openDetail(payload.draws[view.draw]);
    return;
  }
  const shown = inWindow();
  if (shown.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = shown.indexOf(view.draw);
  const last = shown.length - 1;
  const next = { ArrowLeft: at < 0 ? last : at - 1, ArrowRight: at < 0 ? last : at + 1, Home: 0, End: last }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  read(shown[Math.min(Math.max(next, 0), last)]);
});

// --- controls ------------------------------------------------------------------------------------------------------
tools.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.window) choose(button.dataset.window);
  for (const name of Object.keys(KEPT)) if (button.dataset[name]) view[name] = button.dataset[name];
  if (button.dataset.scale) for (const panel of payload.panels) forgetScale(panel.marker);
  keep();
  draw();
});

function choose(name) {
  view.window = name;
  view.span = payload.windows[name].range;
}

function reasonsOf(marker) {
  const panel = payload.panels.find((one) => one.marker === marker);
  return [hatchedText(panel, view.span, payload.texts), ...breakTexts(panel, view.span)].filter(Boolean);
}

offerImages((marker) => ({ ...figure(), window: windowText.textContent, reasons: reasonsOf(marker) }));

// --- start ---------------------------------------------------------------------------------------------------------
const scroller = document.getElementById("cumulative-scroll");
if (scroller) scroller.scrollLeft = scroller.scrollWidth; // newest in view

tools.hidden = false;
recall();
await draw();
chart.on("plotly_relayout", (change) => {
  // Drawn anew, not restyled: a restyle lets the library guess the type of the time axis again, and it guesses wrong.
  if (!("xaxis.range[0]" in change || "xaxis2.range[0]" in change)) return;
  view.window = "";
  view.span = axis().range.map(String);
  draw();
});
chart.on("plotly_doubleclick", () => {
  choose(payload.window);
  draw();
});
new ResizeObserver(place).observe(chart);
darkness.addEventListener("change", draw);
narrow.addEventListener("change", draw);
document.querySelector("[data-focus]")?.focus();
