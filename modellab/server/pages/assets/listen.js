// A recording has to be heard to its end before it is judged; how much of it was, and how long that took, goes along.
const form = document.querySelector("form.listen");
const clips = [...form.querySelectorAll("audio")], counts = [...form.querySelectorAll("input[name=played_s]")];
const answers = [...form.querySelectorAll("input[name=answer]")];
const button = form.querySelector("button[type=submit]"), wait = form.querySelector("#wait");
const begun = performance.now();
const END_S = 0.15; // browsers end a clip a little before its length

function played(clip) {
  let sum = 0;
  for (let i = 0; i < clip.played.length; i += 1) sum += clip.played.end(i) - clip.played.start(i);
  return clip.ended || sum >= clip.duration - END_S ? Math.max(sum, sum + END_S) : sum;
}

function look() {
  const left = clips.filter((clip) => !(clip.duration > 0) || played(clip) < clip.duration - END_S).length;
  button.disabled = left > 0;
  const all = clips.length > 1 ? "both recordings" : "the recording";
  wait.textContent = left ? `Play ${all} to the end first.` : "";
}

for (const clip of clips) {
  for (const event of ["ended", "pause", "timeupdate", "loadedmetadata"]) clip.addEventListener(event, look);
  clip.addEventListener("play", () => clips.filter((each) => each !== clip).forEach((each) => each.pause()));
  clip.addEventListener("error", () => { wait.textContent = "The recording cannot be played: load the page again."; });
}
form.addEventListener("submit", () => {
  clips.forEach((clip, i) => { counts[i].value = played(clip).toFixed(3); });
  form.elements.latency_s.value = ((performance.now() - begun) / 1000).toFixed(3);
});
for (const answer of answers) answer.checked = false; // a browser that goes back would keep it
look();
