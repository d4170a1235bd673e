// All that is known of one draw as text below the charts: opened with Enter on the focus line, left with Esc. The words
// are those of the points' own texts, so that one who reads no chart and no hover reads the same.

const FACTS = new Set(["used", "left_out", "censored"]);
const detail = document.getElementById("draw-detail");

function plain(text) {
  return new DOMParser().parseFromString(text, "text/html").documentElement.textContent;
}

// The first line of a point is marker, value and flag, the second the moment of the draw.
function factsOf(payload, { x }) {
  return payload.data
    .filter((trace) => FACTS.has(trace.meta?.role))
    .flatMap((trace) => trace.x.flatMap((at, n) => (at === x ? [trace.hovertext[n].split("<br>").map(plain)] : [])));
}

function listed([value, , ...lines]) {
  const group = document.createElement("li");
  const head = document.createElement("h4");
  head.textContent = value;
  const facts = document.createElement("ul");
  facts.append(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  group.append(head, facts);
  return group;
}

export function drawDetail(chart, payload) {
  const head = detail.querySelector("h3");
  const close = detail.querySelector("button");
  const back = () => {
    detail.hidden = true;
    chart.focus();
  };
  close.addEventListener("click", back);
  detail.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    back();
  });
  return (draw) => {
    const facts = factsOf(payload, draw);
    head.textContent = detail.dataset.title.replace("{moment}", facts[0][1]);
    detail.querySelector("ul").replaceChildren(...facts.map(listed));
    detail.hidden = false;
    head.focus();
  };
}
