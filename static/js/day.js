// A day as these pages write it, so that nobody can take 03/04/2026 for the other.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function dayText(iso) {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
  if (!match) {
    return "";
  }
  const chinese = document.documentElement.lang.startsWith("zh");
  const [, year, month, day] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const weekday = new Intl.DateTimeFormat(chinese ? "zh-CN" : "en-GB", { weekday: "short", timeZone: "UTC" }).format(date);
  return chinese ? `${iso} ${weekday}` : `${weekday} ${day}-${MONTHS[Number(month) - 1]}-${year}`;
}

// A day typed as 2026-03-09 or 9-Mar-2026, in ISO form; "" for anything else.
export function isoDay(typed) {
  const match = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/.exec(typed.trim());
  const month = match ? MONTHS.findIndex((name) => name.toLowerCase() === match[2].toLowerCase()) + 1 : 0;
  const iso = month > 0 ? `${match[3]}-${String(month).padStart(2, "0")}-${match[1].padStart(2, "0")}` : typed.trim();
  const known = /^\d{4}-\d{2}-\d{2}$/.test(iso) && new Date(`${iso}T00:00:00Z`);
  return known && !Number.isNaN(known.valueOf()) && known.toISOString().startsWith(iso) ? iso : "";
}
