// What is chosen goes into the address, and what it costs is counted again with each change.
import { refuse, run } from "./send.js";

const form = document.querySelector("#workbench"), plan = document.querySelector("#plan");
const start = document.querySelector("#start");
const LISTS = ["models", "datasets", "devices", "precisions"];
let waiting = 0, going = new AbortController();

function chosen() {
  const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value.trim());
  return new URLSearchParams(fields);
}

async function count() {
  const asked = chosen();
  going.abort();
  going = new AbortController();
  history.replaceState(null, "", asked.size ? `/workbench?${asked}` : "/workbench");
  plan.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`/workbench/plan?${asked}`, { signal: going.signal });
    if (!answer.ok) throw new Error("what is chosen could not be counted: load the page again");
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    plan.replaceChildren(...part.body.childNodes);
    if (start) start.disabled = !Number(plan.querySelector("#able")?.textContent);
    plan.removeAttribute("aria-busy");
  } catch (error) {
    if (error.name === "AbortError") return;
    plan.removeAttribute("aria-busy");
    refuse(error);
  }
}

function sift(box) {
  const wanted = box.value.trim().toLowerCase();
  const items = document.getElementById(box.dataset.filter).children;
  for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(wanted);
}

form.addEventListener("input", (event) => {
  if (event.target.dataset.filter) return sift(event.target);
  if (start) start.disabled = true; // until it is known what that is
  clearTimeout(waiting);
  waiting = setTimeout(count, 200);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  count();
});

start?.addEventListener("click", async () => {
  const body = {};
  for (const [name, value] of chosen()) {
    if (LISTS.includes(name)) (body[name] ??= []).push(value);
    else body[name] = value;
  }
  start.disabled = true;
  try {
    await run(body);
  } catch (error) {
    refuse(error);
    start.disabled = false;
  }
});

// What was ticked before this ran, or what a browser that went back put there again.
form.querySelectorAll("[data-filter]").forEach(sift);
if (`${chosen()}` !== `${new URLSearchParams(location.search)}`) count();
