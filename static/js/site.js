// What every page does: bring the reader to the first thing that needs them, and let Escape close the user menu.

import { dayText } from "./day.js";

const target = document.querySelector("[data-focus]");
if (target) {
  target.focus({ preventScroll: false });
}

// A browser writes dates its own way, 03/04/2026 among them. Under each date field stands the day as these pages write
// it, so that nobody can take one for the other.
for (const field of document.querySelectorAll("input[type=date]")) {
  const echo = document.createElement("span");
  echo.className = "date-echo num";
  echo.setAttribute("aria-live", "polite");
  const show = () => {
    echo.textContent = dayText(field.value);
  };
  field.insertAdjacentElement("afterend", echo);
  field.addEventListener("input", show);
  show();
}

const menu = document.querySelector("details.user-menu");
if (menu) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (menu.open && !menu.contains(event.target)) {
      menu.open = false;
    }
  });
}
