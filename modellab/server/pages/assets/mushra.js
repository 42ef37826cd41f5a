// All recordings of a sentence run at once, and one of them is heard: whoever switches hears the same place go on.
const RATE_HZ = 48000, HEARD_S = 1, WHOLE = 0.95, FADE_S = 0.01, LEAD_S = 0.02;
const form = document.querySelector("form.mushra");
const buttons = [...form.querySelectorAll(".plays")], sliders = [...form.querySelectorAll("input[name=scores]")];
const counts = [...form.querySelectorAll("input[name=played_s]")], position = form.querySelector("#position");
const repeat = form.querySelector("#repeat"), next = form.querySelector("button[type=submit]");
const wait = form.querySelector("#wait"), begun = performance.now();
const REFERENCE = 0; // of the buttons; the recording of slider i is button i + 1
let context, sounds = [], voices = [], length = 0, current = REFERENCE, place = 0, started = null, counted = 0;
const heard = buttons.map(() => 0), given = sliders.map(() => false);

async function load() {
  const decoder = new OfflineAudioContext(1, 1, RATE_HZ);
  sounds = await Promise.all(buttons.map(async (button) => {
    const answer = await fetch(button.dataset.clip);
    if (!answer.ok) throw new Error(answer.status);
    return decoder.decodeAudioData(await answer.arrayBuffer());
  }));
  length = Math.max(...sounds.map((sound) => sound.duration));
  position.max = length.toFixed(2);
  for (const control of [...buttons, position]) control.disabled = false;
  look();
}

const now = () => (started === null ? place : Math.max(place, place + context.currentTime - started));

function count() { // what was heard of the current one since the last count
  const at = Math.min(now(), length), whole = sounds[current].duration;
  heard[current] += Math.max(0, Math.min(at, whole) - Math.min(counted, whole));
  counted = at;
}

function start(from) {
  context ??= new AudioContext({ sampleRate: RATE_HZ });
  context.resume();
  halt();
  place = counted = from >= length - LEAD_S ? 0 : from;
  started = context.currentTime + LEAD_S;
  voices = sounds.map((sound, i) => {
    const source = context.createBufferSource(), gain = context.createGain();
    source.buffer = sound;
    gain.gain.value = i === current ? 1 : 0;
    source.connect(gain).connect(context.destination);
    if (place < sound.duration) source.start(started, place);
    return { source, gain, runs: place < sound.duration };
  });
  show();
}

function halt() {
  if (started !== null) { count(); place = now(); }
  started = null;
  for (const { source, gain, runs } of voices) { if (runs) source.stop(); gain.disconnect(); }
  voices = [];
  show();
}

function choose(i) { // play it; where it is heard already, stop
  if (!sounds.length) return;
  if (started !== null && i === current) return halt();
  if (started === null) { current = i; return start(place); }
  count();
  for (const [which, to] of [[current, 0], [i, 1]]) {
    const level = voices[which].gain.gain, at = context.currentTime;
    level.setValueAtTime(1 - to, at);
    level.linearRampToValueAtTime(to, at + FADE_S);
  }
  current = i;
  show();
}

function show() {
  buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(started !== null && i === current)));
  look();
}

function look() {
  sounds.forEach((sound, i) => {
    if (heard[i] >= Math.min(HEARD_S, WHOLE * sound.duration)) buttons[i].dataset.heard = "yes";
  });
  const unheard = buttons.some((button) => !button.dataset.heard);
  const open = given.includes(false);
  next.disabled = unheard || open || !sounds.length;
  const said = unheard ? "Listen to the reference and to each of the others first." : open ? "Give each a score." : "";
  if (sounds.length && wait.textContent !== said) wait.textContent = said;
}

setInterval(() => {
  if (started === null) return;
  count();
  position.value = now().toFixed(2);
  position.setAttribute("aria-valuetext", `${now().toFixed(1)} of ${length.toFixed(1)} s`);
  if (now() >= length) { if (repeat.checked) start(0); else { halt(); place = 0; } }
  look();
}, 50);

buttons.forEach((button, i) => button.addEventListener("click", () => choose(i)));
position.addEventListener("input", () => {
  const from = Number(position.value);
  if (started !== null) start(from);
  else place = from;
});
sliders.forEach((slider, i) => {
  const score = () => {
    given[i] = true;
    slider.nextElementSibling.textContent = slider.value;
    slider.removeAttribute("aria-valuetext");
    look();
  };
  for (const event of ["input", "pointerup"]) slider.addEventListener(event, score);
  slider.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Home" || event.key.startsWith("Arrow") || event.key.startsWith("Page")) return score();
    if (event.key === " " || event.key === "Enter") choose(i + 1);
    else if (event.key.toLowerCase() === "r") choose(REFERENCE);
    else return;
    event.preventDefault();
  });
  slider.value = 0; // a browser that goes back would keep it
});
form.addEventListener("submit", () => {
  halt();
  counts.forEach((field, i) => { field.value = heard[i + 1].toFixed(3); });
  form.elements.latency_s.value = ((performance.now() - begun) / 1000).toFixed(3);
});
load().catch(() => { wait.textContent = "The recordings cannot be played: load the page again."; });
