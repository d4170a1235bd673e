// What every page does: bring the reader to the first thing that needs them, and let Escape close the user menu.

const target = document.querySelector("[data-focus]");
if (target) {
  target.focus({ preventScroll: false });
}

// A browser writes dates its own way, 03/04/2026 among them. Under each date field stands the day as these pages write
// it, so that nobody can take one for the other.
const chinese = document.documentElement.lang.startsWith("zh");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function dayText(iso) {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
  if (!match) {
    return "";
  }
  const [, year, month, day] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const weekday = new Intl.DateTimeFormat(chinese ? "zh-CN" : "en-GB", { weekday: "short", timeZone: "UTC" }).format(date);
  return chinese ? `${iso} ${weekday}` : `${weekday} ${day}-${MONTHS[Number(month) - 1]}-${year}`;
}

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
