// Forms of class `act` send their fields as JSON to the API, and say what came of it beside their button.
const pass = document.querySelector("meta[name=form-token]")?.content;

function fields(form) {
  const given = {};
  for (const element of form.elements) {
    if (!element.name) continue;
    if (element.type === "checkbox") {  // several of one name are a list of those that are chosen; one alone, yes or no
      const all = form.elements[element.name];
      if (!("list" in element.dataset)) given[element.name] = element.checked;
      else given[element.name] = [...(all.length ? all : [all])].filter((each) => each.checked).map((each) => each.value);
      continue;
    }
    if (element.type === "radio" && !element.checked) continue;
    given[element.name] = "lines" in element.dataset
      ? element.value.split("\n").map((line) => line.trim()).filter(Boolean)
      : element.type === "number" ? Number(element.value) : element.value;
  }
  return given;
}

function reasons(told) {
  const missing = (told.missing ?? []).map((each) => each.what).join("; ");
  return [told.error?.message ?? "the server refused it", missing].filter(Boolean).join(": ");
}

for (const form of document.querySelectorAll("form.act")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { method, path, match, then } = form.dataset;
    const button = form.querySelector("button[type=submit]"), said = form.querySelector("[role=alert]");
    const headers = { "content-type": "application/json" };
    if (pass) headers["x-csrf-token"] = pass;
    if (match) headers["if-match"] = `"${match}"`;
    button.disabled = true;
    said.hidden = true;
    const patience = setTimeout(() => {
      said.textContent = "This takes a moment.";
      said.className = "note";
      said.hidden = false;
    }, 1500);
    try {
      const answer = await fetch(path, { method, headers, body: JSON.stringify(fields(form)) });
      const told = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(reasons(told));
      location.assign(then ? then + (told.id ?? "") : location.href);
    } catch (error) {
      clearTimeout(patience);
      said.textContent = error.message;
      said.className = "note bad";
      said.hidden = false;
    } finally {
      clearTimeout(patience);
      button.disabled = false;
    }
  });
}
