// Linear or log of each panel: what a person chose for a marker is kept in this browser under the person's number and the
// code of the marker, and goes before the choice for all panels. Nothing else is kept.

const person = document.getElementById("keys")?.dataset.person;
const SCALES = ["linear", "log"];
const forNow = {}; // of a browser that keeps nothing, for as long as the page is open

function place(marker) {
  return `leadtime.scale.${person}.${marker}`;
}

export function ownScale(marker) {
  try {
    const said = localStorage.getItem(place(marker));
    if (SCALES.includes(said)) return said;
  } catch {
    // Then what was chosen on this page is all there is.
  }
  return forNow[marker];
}

export function keepScale(marker, scale) {
  forNow[marker] = scale;
  try {
    localStorage.setItem(place(marker), scale);
  } catch {
    // As above.
  }
}

export function forgetScale(marker) {
  delete forNow[marker];
  try {
    localStorage.removeItem(place(marker));
  } catch {
    // As above.
  }
}
