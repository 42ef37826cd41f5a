// What OpenAI's client for JavaScript makes of a server: SERVER, CLIP, MODEL and SPEAKER say of which. Prints JSON.
import fs from "node:fs";
import OpenAI, { toFile } from "openai";

const { SERVER, CLIP, MODEL, SPEAKER } = process.env;
const client = new OpenAI({ baseURL: `${SERVER}/v1`, apiKey: "none", maxRetries: 0 });
const transcribe = (more) =>
  client.audio.transcriptions.create({ file: fs.createReadStream(CLIP), model: MODEL, ...more });

async function refused(call) {
  try {
    await call();
    return "nothing was raised";
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, param: error.param };
  }
}

const said = {};
said.models = (await client.models.list()).data.map((model) => model.id);
said.one = (await client.models.retrieve(MODEL)).id;
said.json = await transcribe({});
said.text = await transcribe({ response_format: "text" });
said.srt = await transcribe({ response_format: "srt" });
said.verbose = await transcribe({
  response_format: "verbose_json",
  timestamp_granularities: ["word", "segment"],
});
said.events = [];
for await (const event of await transcribe({ stream: true })) said.events.push(event);

const asked = { model: SPEAKER, voice: "alloy", input: "turn on the kitchen light" };
const speech = await client.audio.speech.create({ ...asked, response_format: "wav" });
const sound = Buffer.from(await speech.arrayBuffer());
said.type = speech.headers.get("content-type");
said.heard = await transcribe({ file: await toFile(sound, "made.wav") });

said.errors = {
  model: await refused(() => transcribe({ model: "fastr_whisper:lab" })),
  prompt: await refused(() => transcribe({ prompt: "names" })),
  file: await refused(async () => transcribe({ file: await toFile(Buffer.from("hello"), "a.wav") })),
  speed: await refused(() => client.audio.speech.create({ ...asked, speed: 2 })),
  words: await refused(() => transcribe({ timestamp_granularities: ["word"] })),
};
console.log(JSON.stringify(said));
