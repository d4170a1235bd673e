// What the grid says, taken from the page so that it is in the reader's language.

const texts = new Map(
  [...document.querySelectorAll("#grid-texts [data-text], #matrix-texts [data-text]")].map((item) => [item.dataset.text, item.textContent]),
);

export function text(name, values = {}) {
  return Object.entries(values).reduce(
    (said, [key, value]) => said.replaceAll(`{${key}}`, value).replaceAll(`%(${key})s`, value),
    texts.get(name) ?? "",
  );
}

const place = document.getElementById("grid-said");

// One sentence after another; `action` is a button behind the last one.
export function say(sentences, action = null) {
  place.replaceChildren();
  for (const sentence of [sentences].flat().filter((one) => one !== "")) {
    const line = document.createElement("p");
    line.textContent = sentence;
    place.append(line);
  }
  if (action) {
    place.append(button(action.label, action.run));
  }
}

export function button(label, run) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "link-button";
  made.textContent = label;
  made.addEventListener("click", run);
  return made;
}
