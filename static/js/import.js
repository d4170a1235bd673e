// Sending a file: say so while it is sent, send it once, and do not send what would be refused for its size.

const form = document.getElementById("import");
const file = form.querySelector("input[type=file]");
const button = form.querySelector("button[type=submit]");
const trouble = document.getElementById("import-trouble");
const label = button.textContent;

function tooLarge() {
  return [...file.files].some((one) => one.size > Number(file.dataset.mostBytes));
}

function tell() {
  trouble.hidden = !tooLarge();
  trouble.textContent = tooLarge() ? form.dataset.tooLarge : "";
}

file.addEventListener("change", tell);

form.addEventListener("submit", (event) => {
  if (tooLarge()) {
    event.preventDefault();
    tell();
    file.focus();
    return;
  }
  button.disabled = true;
  button.textContent = form.dataset.sending;
});

// Coming back by the browser's own button shows the page as it was left: with the button switched off.
window.addEventListener("pageshow", () => {
  button.disabled = false;
  button.textContent = label;
});
