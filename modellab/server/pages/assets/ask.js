// What pages ask of the API: JSON there and back, with the token of whoever signed in, and an Error that says why not.
const pass = document.querySelector("meta[name=form-token]")?.content;

export async function ask(method, path, body, more = {}) {
  const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...more };
  if (pass) headers["x-csrf-token"] = pass;
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(told.error?.message ?? `the server answered ${answer.status}`), { told });
  return told;
}

export async function run(body) { // ask for a run, and go to its page
  const key = crypto.randomUUID?.() ?? String(Math.random());
  const job = await ask("POST", "/api/v1/jobs", { ...body, kind: "run" }, { "idempotency-key": key });
  location.assign(`/workbench/${job.id}`);
}

export function refuse(error) {
  const place = document.querySelector("#refused");
  place.textContent = error.message;
  place.className = "note bad";
  place.hidden = false;
}

export function make(name, text = "", kind = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}
