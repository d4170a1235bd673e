// A figure names its colours as the style sheet does, `var(--tumour)` or `var(--tumour)@0.12`: here they become what they
// are in the reader's theme.

const COLOUR = /^var\((--[\w-]+)\)(?:@([\d.]+))?$/;

function channels(colour) {
  const canvas = channels.canvas ?? (channels.canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
}

function resolve(text) {
  const found = COLOUR.exec(text);
  if (!found) return text;
  const value = getComputedStyle(document.documentElement).getPropertyValue(found[1]).trim();
  if (found[1] === "--sans") return value;
  const [red, green, blue] = channels(value);
  return `rgba(${red},${green},${blue},${found[2] ?? 1})`;
}

export function coloured(part) {
  if (typeof part === "string") return resolve(part);
  if (Array.isArray(part)) return part.map(coloured);
  if (part === null || typeof part !== "object") return part;
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, coloured(value)]));
}
