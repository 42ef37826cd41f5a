"use strict";
// Tables sort by their headings, a box filters, j and k walk through the utterances, space plays. Nothing is loaded.
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];

  const value = cell => {
    const given = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number.parseFloat(given.replace(/[ ,\u00a0]/g, "").replace("\u2212", "-"));
    return [number, given];
  };

  const sort = heading => {
    const table = heading.closest("table"), body = table.tBodies[0];
    const column = [...heading.parentNode.children].indexOf(heading);
    const up = heading.getAttribute("aria-sort") !== "ascending";
    all("th", table).forEach(each => each.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].map(row => [row, ...value(row.cells[column])]);
    rows.sort(([, n, a], [, m, b]) => {
      if (Number.isNaN(n) !== Number.isNaN(m)) return Number.isNaN(n) ? 1 : -1;  // what is missing comes last
      const order = Number.isNaN(n) ? a.localeCompare(b) : n - m;
      return up ? order : -order;
    });
    body.append(...rows.map(([row]) => row));
  };

  for (const heading of all("table.sortable thead th")) {
    heading.tabIndex = 0;
    heading.title ||= "sort";
    heading.addEventListener("click", () => sort(heading));
    heading.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      sort(heading);
    });
  }

  for (const box of all("input[data-filter]")) {
    const target = document.getElementById(box.dataset.filter);
    if (!target) continue;
    const things = all("tbody > tr, article", target), count = box.parentNode.querySelector("output");
    const texts = things.map(each => each.textContent.toLowerCase());
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      things.forEach((each, i) => {
        each.hidden = !words.every(word => texts[i].includes(word));
        left += !each.hidden;
      });
      if (count) count.textContent = words.length ? `${left} of ${things.length}` : "";
    });
  }

  document.addEventListener("play", event => {  // one sound at a time
    all("audio").forEach(each => each !== event.target && each.pause());
  }, true);

  for (const figure of all(".player")) {  // a click into the picture plays from there; a line shows where it plays
    const sound = figure.querySelector("audio"), picture = figure.querySelector(".picture");
    if (!sound || !picture) continue;
    const line = picture.querySelector("i");
    const show = () => {
      if (sound.duration) line.style.left = `${100 * sound.currentTime / sound.duration}%`;
      if (!sound.paused) requestAnimationFrame(show);
    };
    sound.addEventListener("play", show);
    sound.addEventListener("seeked", show);
    picture.addEventListener("click", event => {
      if (!sound.duration) return;
      sound.currentTime = sound.duration * event.offsetX / picture.clientWidth;
      sound.play();
    });
  }

  const step = by => {
    const list = all(".utterance").filter(each => !each.hidden);
    const at = list.indexOf(document.activeElement?.closest(".utterance"));
    const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)];
    next?.focus({preventScroll: true});
    next?.scrollIntoView({block: "nearest"});
  };

  const BY = {j: 1, k: -1, ArrowDown: 1, ArrowUp: -1};
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = document.activeElement, own = here?.closest(".utterance");
    if (here?.closest("input, textarea, select, audio, button, summary, a")) return;
    if (event.key.startsWith("Arrow") && !own) return;  // they scroll the page until somebody is among the utterances
    if (event.key in BY) {
      event.preventDefault();
      step(BY[event.key]);
    } else if (event.key === " " && own) {
      const sounds = all("audio", own);
      if (!sounds.length) return;
      event.preventDefault();
      const playing = sounds.findIndex(each => !each.paused);
      if (playing >= 0) sounds[playing].pause(); else sounds[0].play();
    }
  });
})();
