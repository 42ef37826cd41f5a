// What pages ask of the API, with the token of whoever signed in: JSON there and back, and an Error that says why not.
let pass = document.querySelector("meta[name=form-token]")?.content;
const SIGNED_OUT = "You are signed out. Sign in in another tab, then press again: what is written here stays. ";

export async function send(method, path, body, headers = {}) {
  const once = () => fetch(path, { method, headers: pass ? { ...headers, "x-csrf-token": pass } : headers, body });
  const answer = await once();
  return [401, 403].includes(answer.status) && await renewed() ? once() : answer;
}

async function renewed() { // who signed in again in another tab has another token, which this page would have now
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("meta[name=form-token]")?.content;
  if (!token || token === pass) return false;
  pass = token;
  return true;
}

export async function ask(method, path, body, more = {}) {
  const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...more };
  const answer = await send(method, path, body === undefined ? undefined : JSON.stringify(body), headers);
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusal(answer, told);
  return told;
}

export function refusal(answer, told) {
  const is_out = answer.status === 401 && pass;
  const said = is_out ? SIGNED_OUT : told?.error?.message ?? `the server answered ${answer.status}`;
  return Object.assign(new Error(said), { told, is_out });
}

export async function run(body) { // ask for a run, and go to its page
  const key = crypto.randomUUID?.() ?? String(Math.random());
  const job = await ask("POST", "/api/v1/jobs", { ...body, kind: "run" }, { "idempotency-key": key });
  location.assign(`/workbench/${job.id}`);
}

export function refuse(error, place = document.querySelector("#refused")) {
  place.textContent = error.message;
  if (error.is_out) {
    const link = make("a", "Sign in");
    link.href = "/login";
    link.target = "_blank";
    place.append(link);
  }
  place.className = "note bad";
  place.hidden = false;
}

export function make(name, text = "", kind = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}
