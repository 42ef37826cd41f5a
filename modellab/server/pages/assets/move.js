// A variant's move: first what it changes in the file of its records, then the move itself, of the records one looked at.
import { ask, make, refuse } from "./send.js";
import { patch } from "./patch.js";

const $ = (selector) => document.querySelector(selector);
const form = $("#move"), write = $("#write");

function asked(more) {
  const to = form.elements.to.value;
  return { ...(to ? { to } : { rollback: true }), because: form.elements.because.value, ...more };
}

function lacks(missing) { // what there is to do first
  const list = make("ul");
  for (const each of missing) {
    const line = make("li", each.what);
    if (each.mend) line.append(make("br"), make("code", each.mend));
    list.append(line);
  }
  return list;
}

function post(more) {
  return ask("POST", form.dataset.path, asked(more), { "if-match": `"${form.dataset.match}"` });
}

function clear() {
  write.hidden = true;
  $("#refused").hidden = true;
  $("#said").textContent = "";
  $("#difference").replaceChildren();
}

async function press(button, does) {
  button.disabled = true;
  try {
    await does();
  } catch (error) {
    clear();
    refuse(error);
    if (error.told?.missing) $("#difference").replaceChildren(lacks(error.told.missing));
  } finally {
    button.disabled = false;
  }
}

form?.addEventListener("input", clear);
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  clear();
  $("#said").textContent = "This takes a moment.";
  press(event.submitter ?? form.querySelector("[type=submit]"), async () => {
    const told = await post({ dry_run: true });
    $("#difference").replaceChildren(...told.files.map(patch));
    $("#said").textContent = "Nothing is written yet.";
    write.hidden = false;
  });
});

write?.addEventListener("click", () => press(write, async () => {
  await post({});
  location.reload();
}));
