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
