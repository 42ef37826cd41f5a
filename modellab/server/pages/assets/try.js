// The start page: a recording goes to one or two models, the microphone to their live sockets, a text to a voice.
import { refusal, refuse, send } from "./send.js";

const $ = (selector) => document.querySelector(selector);
const form = $("#transcribe"), player = $("#heard");
let recording = null; // a Blob, what the microphone heard last

function card(parent, title, kind = "") {
  const article = document.createElement("article"), what = document.createElement("small");
  const head = document.createElement("h3"), said = document.createElement("p"), facts = document.createElement("p");
  what.textContent = kind;
  head.append(title, " ", what);
  said.className = "said";
  facts.className = "quiet";
  article.append(head, said, facts);
  parent.append(article);
  return { article, said, facts };
}

async function refused(answer) {
  const error = refusal(answer, await answer.json().catch(() => null));
  const wait = answer.headers.get("retry-after");
  if (wait) error.message += ` (try again in ${wait} s)`;
  return error;
}

function seconds(answer, name) {
  const found = (answer.headers.get("server-timing") ?? "").match(new RegExp(`${name};dur=([0-9.]+)`));
  return found ? Number(found[1]) / 1000 : null;
}

async function transcribe(blob, name, model, shown) {
  shown.said.textContent = "…";
  shown.article.setAttribute("aria-busy", "true");
  try {
    const body = new FormData();
    body.set("model", model);
    body.set("response_format", "verbose_json");
    body.set("file", blob, name);
    const answer = await send("POST", "/v1/audio/transcriptions", body);
    if (!answer.ok) throw await refused(answer);
    const told = await answer.json(), spent = seconds(answer, "model");
    shown.said.textContent = told.text.trim() || "(no words)";
    const facts = [`${told.duration.toFixed(2)} s of audio`];
    if (spent !== null) facts.push(`${spent.toFixed(2)} s in the model`, `RTF ${(spent / told.duration).toFixed(3)}`);
    const queued = seconds(answer, "queue");
    if (queued > 0.1) facts.push(`${queued.toFixed(2)} s in the queue or loading`);
    if (told.confidence != null) facts.push(`confidence ${told.confidence.toFixed(2)}`);
    shown.facts.textContent = facts.join(" · ");
  } catch (error) {
    shown.said.textContent = "";
    refuse(error, shown.facts);
  } finally {
    shown.article.removeAttribute("aria-busy");
  }
}

async function source() {
  const from = form.elements.from.value;
  if (from === "file") return form.elements.file.files[0] ?? null;
  if (from === "microphone") return recording;
  const answer = await fetch(form.elements.sample.value);
  if (!answer.ok) throw await refused(answer);
  return answer.blob();
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector(".go"), out = $("#transcripts");
  button.disabled = true;
  try {
    const blob = await source();
    out.replaceChildren();
    if (!blob) {
      card(out, "Nothing to hear").facts.textContent = "Choose a file, or record with the microphone first.";
      return;
    }
    play(blob);
    await Promise.all(chosen().map(([model, it]) => transcribe(blob, blob.name ?? "recording.wav", model, it)));
  } catch (error) {
    card(out, "That did not work").facts.textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

function play(blob) {
  URL.revokeObjectURL(player.src);
  player.src = URL.createObjectURL(blob);
  player.hidden = false;
}

form?.elements.file.addEventListener("change", () => { form.elements.from.value = "file"; });

// ---------------------------------------------------------------------------- the microphone

const RATE_HZ = 24000; // of the live socket
const REFUSALS = {
  NotAllowedError: "the browser was not allowed to listen",
  NotFoundError: "there is no microphone here",
};

function wav(parts) {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0), head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, i) => head.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF"); head.setUint32(4, 36 + bytes, true); text(8, "WAVEfmt "); head.setUint32(16, 16, true);
  head.setUint16(20, 1, true); head.setUint16(22, 1, true); head.setUint32(24, RATE_HZ, true);
  head.setUint32(28, 2 * RATE_HZ, true); head.setUint16(32, 2, true); head.setUint16(34, 16, true);
  text(36, "data"); head.setUint32(40, bytes, true);
  return new Blob([head, ...parts], { type: "audio/wav" });
}

function base64(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
  return btoa(text);
}

function listen(model, shown) { // a live socket: words of one model as they come; what may still change is greyed
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/realtime?intent=transcription`);
  const sure = document.createElement("span"), open = document.createElement("span"), waiting = [];
  const send = (event) => {
    if (socket.readyState === WebSocket.CONNECTING) waiting.push(event);
    else socket.send(JSON.stringify(event));
  };
  const input = { format: { type: "audio/pcm", rate: RATE_HZ }, transcription: { model }, turn_detection: null };
  let stopped = 0, isOver = false;
  open.className = "open";
  open.setAttribute("aria-hidden", "true"); // it changes twice a second: whoever has it read hears what is sure
  shown.said.replaceChildren(sure, open);
  shown.facts.textContent = "listening …";
  const end = (said, isBad) => {
    if (isOver) return;
    isOver = true;
    open.textContent = "";
    shown.facts.textContent = said;
    if (isBad) shown.facts.className = "note bad";
    socket.close();
  };
  socket.onopen = () => {
    const session = { type: "transcription", audio: { input }, include: ["modellab.partial"] };
    send({ type: "session.update", session });
    waiting.splice(0).forEach(send);
  };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "modellab.partial") {
      open.textContent = (event.text && sure.textContent ? " " : "") + event.text;
    }
    if (event.type.endsWith("transcription.delta")) sure.textContent += event.delta;
    if (event.type.endsWith("transcription.completed")) {
      sure.textContent = event.transcript || "(no words)";
      const late = (performance.now() - stopped) / 1000;
      end(`live · ${event.usage.seconds.toFixed(2)} s of audio · last words ${late.toFixed(2)} s after Stop`);
    }
    if (event.type === "error" || event.type.endsWith(".failed")) end(event.error.message, true);
  };
  socket.onclose = () => end("The server closed the stream.", true);
  return {
    hear: (data) => isOver || send({ type: "input_audio_buffer.append", audio: base64(data) }),
    stop: () => { stopped = performance.now(); isOver || send({ type: "input_audio_buffer.commit" }); },
  };
}

function chosen() { // the models that listen, with the card of each
  const options = [form.elements.model, form.elements.other].map((each) => each.selectedOptions[0]);
  const named = new Map(options.filter((each) => each.value).map((each) => [each.value, each.parentElement.label]));
  $("#transcripts").replaceChildren();
  return [...named].map(([model, kind]) => [model, card($("#transcripts"), model, kind)]);
}

async function record(button) {
  if (!navigator.mediaDevices) throw new Error("browsers give the microphone to pages over https alone, or of this very machine");
  const asked = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: asked }); // as it is: models hear what was spoken
  const context = new AudioContext({ sampleRate: RATE_HZ }), parts = [];
  await context.audioWorklet.addModule(`/assets/microphone.js${new URL(import.meta.url).search}`);
  const ears = chosen().map(([model, shown]) => listen(model, shown)), tap = new AudioWorkletNode(context, "microphone");
  tap.port.onmessage = ({ data }) => {
    parts.push(data);
    ears.forEach((each) => each.hear(data));
    $("#level").textContent = `${(parts.reduce((sum, part) => sum + part.byteLength, 0) / 2 / RATE_HZ).toFixed(0)} s`;
  };
  context.createMediaStreamSource(stream).connect(tap);
  button.onclick = () => {
    stream.getTracks().forEach((track) => track.stop());
    context.close();
    ears.forEach((each) => each.stop());
    recording = wav(parts);
    play(recording);
    idle(button);
  };
}

function idle(button) {
  const go = form.querySelector(".go");
  button.setAttribute("aria-pressed", "false");
  button.textContent = "Record";
  go.disabled = button.disabled = false;
  button.onclick = async () => {
    form.elements.from.value = "microphone";
    go.disabled = button.disabled = true;
    try {
      await record(button);
      button.setAttribute("aria-pressed", "true");
      button.textContent = "Stop";
      button.disabled = false;
    } catch (error) {
      $("#level").textContent = REFUSALS[error.name] ?? error.message;
      idle(button);
    }
  };
}

if ($("#record")) idle($("#record"));

// ---------------------------------------------------------------------------- a voice

$("#speak")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { input, model } = event.target.elements, button = event.target.querySelector(".go");
  const shown = card($("#spoken"), model.value, model.selectedOptions[0].parentElement.label);
  button.disabled = true;
  shown.said.textContent = input.value;
  try {
    const body = JSON.stringify({ model: model.value, input: input.value, voice: "default", response_format: "wav" });
    const answer = await send("POST", "/v1/audio/speech", body, { "content-type": "application/json" });
    if (!answer.ok) throw await refused(answer);
    const sound = document.createElement("audio");
    sound.controls = true;
    sound.src = URL.createObjectURL(await answer.blob());
    shown.article.append(sound);
    const spent = seconds(answer, "model");
    shown.facts.textContent = spent === null ? "" : `${spent.toFixed(2)} s in the model`;
    sound.play().catch(() => {});
  } catch (error) {
    refuse(error, shown.facts);
  } finally {
    button.disabled = false;
  }
});
