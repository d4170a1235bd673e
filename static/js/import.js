// Sending a file: say so while it is sent, send it once, and do not send what would be refused for its size.

const form = document.getElementById("import");
const file = form.querySelector("input[type=file]");
const buttons = [...form.querySelectorAll("button[type=submit]")];
const trouble = document.getElementById("import-trouble");
const labels = buttons.map((button) => button.textContent);

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
  // Only after the form was read: a button that is switched off does not say that it was pressed.
  setTimeout(() => {
    for (const button of buttons) {
      button.disabled = true;
    }
    event.submitter.textContent = form.dataset.sending;
  });
});

// Coming back by the browser's own button shows the page as it was left: with the buttons switched off.
window.addEventListener("pageshow", () => {
  buttons.forEach((button, place) => {
    button.disabled = false;
    button.textContent = labels[place];
  });
});
