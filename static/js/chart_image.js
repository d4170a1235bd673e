// One panel of the chart as an image of its own. What is below it (who made it and when, that data are synthetic) is said
// by the server, which tells the audit log of it.

const WIDTH = 900;
const HEIGHT = 320;
const PLACE = { t: 56, b: 84, l: 56, r: 24 };

function ofPanel(marker, { data, layout, window: shown }, caption) {
  const traces = data.filter((trace) => trace.meta?.marker === marker);
  const ref = traces[0].yaxis;
  const own = layout[`yaxis${ref.slice(1)}`];
  const [bottom, top] = own.domain;
  const inPanel = (one) => one.yref?.split(" ")[0] === ref || (one.yref === "paper" && Math.abs(one.y - top) < 1e-6);
  const moved = (one) => ({ ...one, yref: one.yref === "paper" ? "paper" : one.yref.replace(ref, "y"), y: one.yref === "paper" ? 1 : one.y });
  const below = { xref: "paper", yref: "paper", x: 0, y: 0, xanchor: "left", yanchor: "top", showarrow: false, align: "left" };
  const quiet = { size: 11, color: layout.xaxis.tickfont.color };
  const words = [caption.synthetic, shown, caption.made].filter(Boolean).join(" · ");
  const axis = { ...own, domain: [0, 1], anchor: "x" };
  return {
    data: traces.map((trace) => ({ ...trace, yaxis: "y", xaxis: "x" })),
    layout: {
      ...Object.fromEntries(Object.entries(layout).filter(([key]) => !/^[xy]axis/.test(key))),
      width: WIDTH,
      height: HEIGHT,
      autosize: false,
      margin: PLACE,
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
  const image = await window.Plotly.toImage(ofPanel(button.dataset.image, figure(), caption), { format: "svg", width: WIDTH, height: HEIGHT });
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
