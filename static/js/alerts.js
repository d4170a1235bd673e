// The steps of an alert: Ctrl+Enter sends the form one is in, and a step that is unfolded by key or mouse takes the focus.
for (const form of document.querySelectorAll(".alert-form")) {
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

for (const step of document.querySelectorAll(".alert-step")) {
  step.querySelector("summary").addEventListener("click", () => {
    if (step.open) return; // it is being folded
    step.addEventListener(
      "toggle",
      () => step.querySelector("select, input:not([type=hidden]), textarea, button")?.focus(),
      { once: true },
    );
  });
}
