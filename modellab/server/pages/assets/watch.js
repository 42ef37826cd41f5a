// A run as it goes on: its events as the server sends them, from where the connection broke where it did.
import { ask, make, refuse, run } from "./send.js";
import { patch } from "./patch.js";

const $ = (selector) => document.querySelector(selector);
const { job, over, body } = $("#watch").dataset;
const MOST = 300; // utterances that stay on the page
const STAGES = {
  waiting: "it waits for another run of this machine", planned: "the cases are planned", loading: "the model is loading",
  measuring: "measuring", judged: "judged", skipped: "skipped", notice: "",
};
let began = 0, first = 0;

function number(value, unit) {
  if (value == null) return "-";
  return unit === "ratio" ? `${(100 * value).toFixed(2)} %` : `${Number(value.toPrecision(4))} ${unit}`;
}

function span(seconds) {
  return seconds < 60 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

function show(one, unit) {
  const row = make("tr"), name = make("th", one.id), texts = make("td");
  name.scope = "row";
  if (one.reference !== undefined) texts.append(make("div", one.reference, "quiet"));
  if (one.said !== undefined) texts.append(make("div", one.said || "(no words)"));
  if (one.error) texts.append(make("div", one.error, "bad"));
  row.append(name, make("td", number(one.value, unit), "right"), texts);
  $("#utterances").prepend(row);
  while ($("#utterances").children.length > MOST) $("#utterances").lastChild.remove();
}

function follow(told) {
  const where = told.number ? `case ${told.number} of ${told.cases}: ${told.case}` : "";
  const of = told.of ? `, utterance ${told.done} of ${told.of}` : "";
  if (told.stage === "settled") {
    $("#far").textContent = `${told.text}. The results go to MLflow now.`;
    return;
  }
  $("#far").textContent = told.stage === "notice" ? told.text : [where, STAGES[told.stage] ?? told.stage].filter(Boolean).join(", ") + of;
  if (told.of) {
    if (told.done <= first || !began) [began, first] = [told.at, told.done];
    $("#bar").max = told.of;
    $("#bar").value = told.done;
    const pace = (told.at - began) / Math.max(1, told.done - first);
    $("#left").textContent = told.done > first ? span(Number.isFinite(told.left_s) ? told.left_s : pace * (told.of - told.done)) : "-";
  }
  if (told.metric) {
    $("#metric").textContent = `${told.metric.toUpperCase()} so far`;
    $("#value").textContent = number(told.value, told.unit);
  }
  for (const one of told.utterances ?? []) show(one, told.unit);
  if (told.stage === "judged" || told.stage === "skipped") {
    const line = make("li", `${told.case} `);
    line.append(make("span", (told.status ?? "skipped").replaceAll("_", " "), `status ${(told.status ?? "skipped").toLowerCase().replaceAll("_", "-")}`));
    if (told.why) line.append(` ${told.why}`);
    $("#cases").append(line);
    [began, first] = [0, 0];
  }
}

async function place() { // in the queue, as long as it waits there
  const told = await ask("GET", `/api/v1/jobs/${job}`).catch(() => ({}));
  if (told.state !== "queued") return;
  $("#far").textContent = `its place in the queue is ${told.position}`;
  setTimeout(place, 2000);
}

if (!over) {
  const events = new EventSource(`/api/v1/jobs/${job}/events`);
  const state = (name) => { $("#state").textContent = name; $("#state").className = `status ${name}`; };
  events.addEventListener("queued", () => { state("queued"); place(); });
  events.addEventListener("running", () => { // also once more, after a server that began anew
    state("running");
    $("#utterances").replaceChildren();
    $("#cases").replaceChildren();
    [began, first] = [0, 0];
  });
  events.addEventListener("open", () => { $("#lost").hidden = true; });
  events.addEventListener("error", () => {
    $("#lost").textContent = events.readyState === EventSource.CLOSED
      ? "The server tells no more of this run here: load the page again."
      : "The connection to the server is broken, and tried again. The run does not need it.";
    $("#lost").hidden = false;
  });
  events.addEventListener("progress", (event) => follow(JSON.parse(event.data)));
  for (const end of ["done", "failed", "cancelled"]) {
    events.addEventListener(end, () => { events.close(); location.reload(); });
  }
}

function press(button, does) {
  button?.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await does();
    } catch (error) {
      refuse(error);
      button.disabled = false;
    }
  });
}

press($("#cancel"), () => ask("DELETE", `/api/v1/jobs/${job}`));
press($("#repeat"), () => run(JSON.parse(body)));

// ---------------------------------------------------------------------------- accepting what came of it

const form = $("#accept"), write = $("#write");
let version = "";

function asked(more) {
  return { because: form.elements.because.value, everything: form.elements.everything.checked, ...more };
}

function accept(more, headers) {
  return ask("POST", `/api/v1/runs/${form.dataset.session}/accept`, asked(more), headers);
}

const counted = (files) => `${files.length} file${files.length === 1 ? "" : "s"}`;

function draw(told) {
  const out = $("#difference"), cases = make("ul");
  for (const each of told.cases) {
    const line = make("li", `${each.case}: ${each.state === "left" ? "left as it is" : each.state}`);
    const more = [each.why, ...(each.improved ?? []), ...(each.notes ?? [])].filter(Boolean).join("; ");
    if (more) line.append(make("small", ` ${more}`));
    cases.append(line);
  }
  out.replaceChildren(cases);
  out.append(...told.files.map(patch));
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  $("#refused").hidden = true;
  try {
    const told = await accept({ dry_run: true });
    version = told.version;
    draw(told);
    write.hidden = !told.files.length;
    $("#accept-said").textContent = told.files.length
      ? `${counted(told.files)} would change. Nothing is written yet.`
      : "Nothing would be accepted.";
  } catch (error) {
    refuse(error);
  }
});
form?.addEventListener("input", () => { write.hidden = true; });

press(write, async () => {
  const told = await accept({}, { "if-match": `"${version}"` });
  draw(told);
  write.hidden = true;
  write.disabled = false;
  $("#accept-said").textContent = `Written: ${counted(told.files)}. Review with \`git diff\` and commit.`;
});
