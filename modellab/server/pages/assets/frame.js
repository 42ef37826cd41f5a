// Times in the reader's zone; the one that the server wrote stays to be read.
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) continue;
  const two = (number) => String(number).padStart(2, "0");
  time.title = `${time.dateTime} (UTC); shown in your zone`;
  time.textContent = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} `
    + `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

// Every chart, table and section has a link of its own: a "#" that shows where one points or tabs to. Its id comes
// from the heading or the label, so it is the same tomorrow. What is shared from a page opens at the part chosen last.
const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "part";

function anchor(target, place, name) {
  for (let id = target.id || slug(name), number = 2; !target.id; number += 1) {
    if (!document.getElementById(id)) target.id = id;
    else id = `${slug(name)}-${number}`;
  }
  const link = document.createElement("a");
  link.className = "anchor";
  link.href = `#${target.id}`;
  link.setAttribute("aria-label", `Link to ${name}`);
  place.append(" ", link);
}

const label = (each) => each.dataset.name ?? each.querySelector("b")?.textContent.trim() ?? "";
for (const each of document.querySelectorAll("main h2")) anchor(each, each, each.textContent.trim());
for (const each of document.querySelectorAll("main figure.chart")) {
  const place = each.querySelector("figcaption");
  if (place) anchor(each, place, label(each) || place.textContent.split(",")[0].trim());
}
for (const each of document.querySelectorAll("main .scroll[aria-label]")) {
  const place = each.querySelector("thead th");
  if (place) anchor(each, place, each.getAttribute("aria-label"));
}

function chosen() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (const link of document.querySelectorAll('main a[href^="/shares?"], header a[href^="/shares?"]')) {
    const place = new URL(link.href);
    place.searchParams.set("part", target.id);
    link.href = place.pathname + place.search;
  }
  return target;
}
window.addEventListener("hashchange", chosen);
chosen()?.scrollIntoView();
