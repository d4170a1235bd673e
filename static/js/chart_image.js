// One panel of the chart as an image of its own. What is below it (who made it and when, that data are synthetic) is said
// by the server, which tells the audit log of it.

const WIDTH = 900;
const HEIGHT = 320;
const PLACE = { t: 56, b: 84, l: 56, r: 24 };
const LINE = 16;
const LETTERS = 140; // a line of the words below holds about as many; of Chinese half

// Broken between words, or anywhere where there are none to speak of.
function wrapped(text) {
  const lines = [""];
  for (const part of text.match(/[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+\s*/g) ?? []) {
    const wide = [...lines.at(-1) + part].reduce((sum, one) => sum + (one > "\u2fff" ? 2 : 1), 0);
    if (wide > LETTERS) lines.push(part);
    else lines[lines.length - 1] += part;
  }
  return lines;
}

function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function ofPanel(marker, { data, layout, window: shown, reasons }, caption) {
  const traces = data.filter((trace) => trace.meta?.marker === marker);
  const ref = traces[0].yaxis;
  const own = layout[`yaxis${ref.slice(1)}`];
  const [bottom, top] = own.domain;
  const inPanel = (one) => one.yref?.split(" ")[0] === ref || (one.yref === "paper" && Math.abs(one.y - top) < 1e-6);
  const moved = (one) => ({ ...one, yref: one.yref === "paper" ? "paper" : one.yref.replace(ref, "y"), y: one.yref === "paper" ? 1 : one.y });
  const below = { xref: "paper", yref: "paper", x: 0, y: 0, xanchor: "left", yanchor: "top", showarrow: false, align: "left" };
  const quiet = { size: 11, color: layout.xaxis.tickfont.color };
  const lines = [...reasons, [caption.synthetic, shown, caption.made].filter(Boolean).join(" · ")].flatMap(wrapped);
  const words = lines.map(escaped).join("<br>");
  const longer = LINE * (lines.length - 1);
  const axis = { ...own, domain: [0, 1], anchor: "x" };
  return {
    data: traces.map((trace) => ({ ...trace, yaxis: "y", xaxis: "x" })),
    layout: {
      ...Object.fromEntries(Object.entries(layout).filter(([key]) => !/^[xy]axis/.test(key))),
      width: WIDTH,
      height: HEIGHT + longer,
      autosize: false,
      margin: { ...PLACE, b: PLACE.b + longer },
      xaxis: { ...layout.xaxis, anchor: "y" },
      yaxis: axis,
      shapes: layout.shapes.filter(inPanel).map((one) => ({ ...one, yref: one.yref.replace(ref, "y") })),
      annotations: [...layout.annotations.filter(inPanel).map(moved), { ...below, text: words, font: quiet, yshift: -44 }],
    },
  };
}

async function save(button, figure, said) {
  const answer = await fetch(button.dataset.caption, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const caption = await answer.json();
  const marker = button.dataset.image;
  const drawn = ofPanel(marker, figure(marker), caption);
  const image = await window.Plotly.toImage(drawn, { format: "svg", width: WIDTH, height: drawn.layout.height });
  const link = document.createElement("a");
  link.href = image;
  link.download = `${caption.file}.svg`;
  link.click();
  said.textContent = said.dataset.done.replace("{file}", link.download);
}

export function offerImages(figure) {
  const files = document.getElementById("chart-files");
  if (!files) return;
  const said = document.getElementById("chart-files-said");
  for (const button of files.querySelectorAll("[data-image]")) {
    button.hidden = false;
    button.addEventListener("click", () => save(button, figure, said).catch(() => (said.textContent = said.dataset.failed)));
  }
}
