// What stands at each panel beside the drawing: the switch of its scale, and below it why days of it are hatched.

const REASONS = { wide: 2, narrow: 1 };
const SWITCH_PX = 26; // its foot stands a little above the top of the axis

// The reasons of what is hatched within the window, as one line; "" where nothing is.
export function hatchedText({ hatched }, [start, end], texts, most = Infinity) {
  const shown = hatched.filter((one) => Date.parse(one.to) > Date.parse(start) && Date.parse(one.from) < Date.parse(end));
  if (shown.length === 0) return "";
  const said = shown.slice(0, most).map((one) => one.text);
  if (shown.length > most) said.push(texts.more.replace("{n}", shown.length - most));
  return texts.hatched.replace("{reasons}", said.join("; "));
}

export function breakTexts({ breaks }, [start, end]) {
  return breaks.filter((one) => Date.parse(one.at) >= Date.parse(start) && Date.parse(one.at) <= Date.parse(end)).map((one) => one.text);
}

function make(panel, texts, turn) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "panel-scale";
  button.dataset.panelScale = panel.marker;
  button.textContent = texts.log;
  button.setAttribute("aria-label", texts.log_of.replace("{marker}", panel.name));
  button.addEventListener("click", () => turn(panel.marker));
  const reason = document.createElement("p");
  reason.className = "panel-reason";
  reason.dataset.panelReason = panel.marker;
  return { panel, button, reason };
}

// `turn` is called with the marker whose switch was pressed. The answer puts all in place: after each drawing and each
// change of size.
export function panelMarks(chart, { panels, texts, plot }, turn) {
  const made = panels.map((panel) => make(panel, texts, turn));
  return function place({ span, scaleOf, narrow }) {
    const { t: above, l: left, h: high } = chart._fullLayout._size;
    for (const { panel, button, reason } of made) {
      const [bottom, top] = chart._fullLayout[panel.axis].domain;
      button.style.top = `${above + (1 - top) * high - SWITCH_PX}px`;
      button.setAttribute("aria-pressed", String(scaleOf(panel.marker) === "log"));
      reason.textContent = hatchedText(panel, span, texts, narrow ? REASONS.narrow : REASONS.wide);
      reason.hidden = reason.textContent === "";
      reason.style.top = `${above + (1 - bottom) * high + (bottom === 0 ? plot.dates : 2)}px`;
      reason.style.left = `${left}px`;
      if (button.parentNode !== chart) chart.append(button, reason);
    }
  };
}
