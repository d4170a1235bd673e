// Draws the figures of the back-test's report from the data beside them, in the colours of the reader's theme.

const figures = JSON.parse(document.getElementById("figures").textContent);
const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 600px)");
const COLOUR = /^var\((--[\w-]+)\)(?:@([\d.]+))?$/;
const ROW_HEIGHT = 44;
const LEGEND_LINE = 20;
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function resolve(text) {
  const found = COLOUR.exec(text);
  if (!found) return text;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = token(found[1]);
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return `rgba(${red},${green},${blue},${found[2] ?? 1})`;
}

function coloured(part) {
  if (typeof part === "string") return resolve(part);
  if (Array.isArray(part)) return part.map(coloured);
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, coloured(value)]));
}

function axis(own) {
  const line = resolve("var(--rule)");
  return {
    gridcolor: line,
    linecolor: line,
    zerolinecolor: line,
    fixedrange: true,
    automargin: true,
    ...own,
    title: own.title ? { ...own.title, standoff: 8 } : undefined,
  };
}

// On a phone nearly every name has a line of its own, which must not be taken from the figure.
function legendLines(figure) {
  return figure.data.filter((trace) => trace.showlegend !== false).length;
}

function layoutOf(figure) {
  const { rows, xaxis, yaxis, ...rest } = coloured(figure.layout);
  return {
    ...rest,
    height: rows ? 110 + rows * ROW_HEIGHT : narrow.matches ? 300 + legendLines(figure) * LEGEND_LINE : 420,
    margin: { l: 48, r: 12, t: 8, b: 44 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: token("--sans"), size: 12, color: resolve("var(--ink)") },
    hoverlabel: { bgcolor: resolve("var(--raised)"), font: { color: resolve("var(--ink)") } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", maxheight: 1 },
    xaxis: axis(xaxis),
    yaxis: axis(yaxis),
  };
}

function draw() {
  for (const [name, figure] of Object.entries(figures)) {
    Plotly.react(`figure-${name}`, coloured(figure.data), layoutOf(figure), { displayModeBar: false, responsive: true });
  }
}

draw();
darkness.addEventListener("change", draw);
narrow.addEventListener("change", draw);
