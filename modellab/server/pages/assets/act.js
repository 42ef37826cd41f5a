// Forms of class `act` send their fields as JSON to the API, and say what came of it beside their button.
// `data-list`: checkboxes as a list; `data-number`: times that; `data-lines`; `data-null`: empty is null.
// `{name}` in `data-path` is a field; `data-shows` is what of the answer is shown, and the page stays.
import { ask, refuse } from "./send.js";

function value(element) {
  const told = element.dataset;
  if (element.type === "checkbox") return element.checked;
  if ("lines" in told) return element.value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (("null" in told || "number" in told) && element.value === "") return null;
  if ("number" in told || element.type === "number") return Number(element.value) * Number(told.number || 1);
  return element.value;
}

function fields(form) {
  const given = {};
  for (const element of form.elements) {
    if (!element.name) continue;
    if (element.type === "radio" && !element.checked) continue;
    if (!("list" in element.dataset)) given[element.name] = value(element);
    else given[element.name] = [...(given[element.name] ?? []), ...(element.checked ? [element.value] : [])];
  }
  return given;
}

function address(path, given) {
  return path.replace(/\{(\w+)\}/g, (_, name) => {
    const text = encodeURIComponent(given[name]);
    delete given[name];
    return text;
  });
}

function show(form, text) {
  const box = form.querySelector("[data-shown]"), field = box.querySelector("input");
  field.value = text;
  box.hidden = false;
  field.focus();
  field.select();
}

for (const form of document.querySelectorAll("form.act")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { method, path, match, then, shows, confirm } = form.dataset;
    if (confirm && !window.confirm(confirm)) return;
    const button = form.querySelector("button[type=submit]"), said = form.querySelector("[role=alert]");
    button.disabled = true;
    said.hidden = true;
    const patience = setTimeout(() => {
      said.textContent = "This takes a moment.";
      said.className = "note";
      said.hidden = false;
    }, 1500);
    try {
      const given = fields(form), place = address(path, given);
      const told = await ask(method, place, given, match ? { "if-match": `"${match}"` } : {});
      clearTimeout(patience);
      said.hidden = true;
      if (shows) show(form, told[shows]);
      else if (then) location.assign(then + (told.id ?? ""));
      else location.reload(); // not to its address, of which a part after # would load nothing
    } catch (error) {
      clearTimeout(patience);
      refuse(error, said);
    } finally {
      clearTimeout(patience);
      button.disabled = false;
    }
  });
}
