// The scorecard's charts: draws what monitoring/scorecard_chart.py wrote, in the colours of the reader's theme. A point
// that stands for one alert leads to its patient; the list below the table does the same by keyboard.

import { coloured } from "./chart_colours.js";

const charts = JSON.parse(document.getElementById("chart-data").textContent);
const darkness = window.matchMedia("(prefers-color-scheme: dark)");
const config = { displayModeBar: false, responsive: true, doubleClick: false, scrollZoom: false, showTips: false };

async function draw(place) {
  const { data, layout } = charts[place.dataset.chart];
  await window.Plotly.react(place, coloured(data), coloured(layout), config);
}

for (const place of document.querySelectorAll("[data-chart]")) {
  await draw(place);
  place.on("plotly_click", ({ points }) => {
    const to = points[0].customdata;
    if (to) window.location.assign(to);
  });
  darkness.addEventListener("change", () => draw(place));
}
