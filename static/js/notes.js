// The forms of a note. An @ leads to the colleagues who may be told, and back; nothing that was typed is left behind
// or sent in somebody else's name. Without this script the boxes and the button do the same.

const composing = (event) => event.isComposing || event.keyCode === 229; // an input method is choosing signs
const BEFORE_MENTION = /(^|[^\w.+-])[@＠]$/; // not inside an address

for (const form of document.querySelectorAll(".note-form")) {
  watchForm(form);
  if (form.querySelector("[data-find]")) offerColleagues(form);
}

// --- sending ---------------------------------------------------------------------------------------------------------

function watchForm(form) {
  const words = [...form.querySelectorAll("textarea, input[type=text]:not([data-find])")];
  const before = words.map((field) => field.defaultValue);
  const said = form.querySelector("[data-said]");
  let sending = false;

  const say = (what) => {
    said.textContent = said.dataset[what];
    said.hidden = false;
  };

  const unsent = () => !sending && words.some((field, at) => field.value.trim() !== before[at].trim());

  // Whose session carries it is asked first: the page may have been open for hours.
  const send = async () => {
    sending = true;
    said.hidden = true;
    const state = await whoIsIn(form);
    if (state === "other" || state === "offline") {
      sending = false;
      say(state);
      return;
    }
    form.submit(); // of who was signed out meanwhile, the server keeps what is sent until they are back
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sending) send();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || composing(event)) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsent()) event.preventDefault();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) sending = false;
  });
}

async function whoIsIn(form) {
  let answer = null;
  try {
    answer = await fetch(form.dataset.tokenUrl, { credentials: "same-origin", redirect: "error" });
  } catch {
    return "offline";
  }
  if (answer.status === 401) return "signed-out";
  if (!answer.ok) return "offline";
  const { user, token } = await answer.json();
  if (String(user) !== form.dataset.user) return "other";
  form.elements.csrfmiddlewaretoken.value = token; // renewed by a sign-in in another window
  return "same";
}

// --- who is told -----------------------------------------------------------------------------------------------------

function offerColleagues(form) {
  const text = form.querySelector("textarea");
  const list = form.querySelector(".note-tell");
  const find = form.querySelector("[data-find]");
  const found = form.querySelector("[data-found]");
  const told = form.querySelector("[data-told]");
  const people = [...form.querySelectorAll(".note-person")];
  const boxOf = (person) => person.querySelector("input");
  let caret = null; // where the @ stands that is being answered

  const showTold = () => {
    const names = people.filter((person) => boxOf(person).checked).map((person) => person.dataset.name);
    told.textContent = names.length ? `· ${names.join(" · ")}` : "";
  };

  const narrow = () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    let count = 0;
    for (const person of people) {
      const names = [person.dataset.name, person.dataset.username].map((name) => name.toLocaleLowerCase());
      // What is ticked stays in view: a hidden tick would tell somebody unseen.
      person.hidden = !boxOf(person).checked && !names.some((name) => name.includes(wanted));
      count += names.some((name) => name.includes(wanted));
    }
    found.textContent = count ? "" : found.dataset.none;
  };

  const back = () => {
    find.value = "";
    narrow();
    text.focus();
    caret = null;
  };

  const choose = () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    const fits = (person) =>
      [person.dataset.name, person.dataset.username].some((name) => name.toLocaleLowerCase().includes(wanted));
    const person = wanted ? people.find(fits) : undefined;
    if (!person) {
      found.textContent = found.dataset.none;
      return;
    }
    boxOf(person).checked = true;
    showTold();
    if (caret !== null) {
      text.setRangeText(`${person.dataset.name} `, caret, caret, "end");
      back();
    } else {
      find.value = "";
      narrow();
    }
  };

  find.parentElement.hidden = false;
  showTold();
  list.addEventListener("change", showTold);
  find.addEventListener("input", narrow);
  find.addEventListener("keydown", (event) => {
    if (composing(event) || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault(); // never sends the note
      choose();
    } else if (event.key === "Escape") {
      event.preventDefault();
      back();
    }
  });
  text.addEventListener("input", (event) => {
    if (event.isComposing || !["@", "＠"].includes(event.data)) return;
    if (!BEFORE_MENTION.test(text.value.slice(0, text.selectionStart))) return;
    caret = text.selectionStart;
    list.open = true;
    find.focus();
  });
  text.addEventListener("focus", () => {
    caret = null;
  });
}
