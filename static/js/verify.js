// Comparing with the paper by keys: arrows move, Space ticks, Enter ticks and goes on, A ticks all. Only Ctrl+Enter
// (or the button) saves, so that nothing is released by a key too many.

const form = document.getElementById("verify");
const boxes = [...form.querySelectorAll("[data-check] input[type=checkbox]")];
const isBox = (element) => boxes.includes(element);

function showCount() {
  const ticked = boxes.filter((box) => box.checked).length;
  for (const box of boxes) {
    box.closest("tr").classList.toggle("check-agrees", box.checked);
  }
  const text = form.dataset.counted.replace("%(count)s", ticked).replace("%(all)s", boxes.length);
  form.querySelector("[data-count]").textContent = ticked === 0 ? "" : text;
}

function step(from, by) {
  boxes[boxes.indexOf(from) + by]?.focus();
}

function tick(box) {
  box.checked = true;
  showCount();
}

form.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  } else if (!isBox(target) || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  } else if (key === "Enter") {
    event.preventDefault();
    tick(target);
    step(target, 1);
  } else if (key === "ArrowDown" || key === "ArrowUp") {
    event.preventDefault();
    step(target, key === "ArrowDown" ? 1 : -1);
  } else if (key === "a" || key === "A") {
    event.preventDefault();
    boxes.forEach(tick);
  }
});

form.addEventListener("change", showCount);
showCount();
if (!document.querySelector("[data-focus]")) {
  boxes[0].focus();
}
