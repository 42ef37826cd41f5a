// Listening blind: the sides lose their names and stand in an order that hangs on the utterance alone; votes are
// counted and told when the names come back. Nothing is stored.
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const button = document.getElementById("blind"), tally = document.getElementById("tally");
  if (!button) return;
  const articles = all("article[data-swap]");

  const sides = article => {
    const [a, b] = ["A", "B"].map(name => article.querySelector(`.side[data-side="${name}"]`));
    return article.dataset.swap === "1" ? [b, a] : [a, b];
  };

  const dress = (article, blind) => {
    const order = blind ? sides(article) : [...sides(article)].sort((x, y) => x.dataset.side < y.dataset.side ? -1 : 1);
    order.forEach((side, i) => {
      const heading = side.querySelector("h4"), name = blind ? `${i + 1}` : heading.dataset.name;
      heading.textContent = name;
      side.setAttribute("aria-label", name);
      all("audio", side).forEach(sound => sound.setAttribute("aria-label", `${blind ? i + 1 : side.dataset.side}: what the model said`));
      side.parentNode.append(side);
    });
  };

  // Two-sided exact sign test: how often a fair coin is at least as uneven.
  const signP = (wins, losses) => {
    const n = wins + losses;
    let term = 0.5 ** n, below = 0;
    for (let k = 0; k <= Math.min(wins, losses); k++) {
      below += term;
      term *= (n - k) / (k + 1);
    }
    return n ? Math.min(1, 2 * below) : 1;
  };

  const told = blind => {
    const votes = articles.map(each => each.dataset.vote).filter(Boolean);
    if (!votes.length) return "";
    if (blind) return `${votes.length} of ${articles.length} judged`;
    const [a, b, same] = ["A", "B", "same"].map(which => votes.filter(vote => vote === which).length);
    return `You preferred A in ${a}, B in ${b}, neither in ${same} of ${votes.length}; sign test p ${signP(a, b).toPrecision(2)}`;
  };

  const isBlind = () => document.body.classList.contains("blind");

  const turn = blind => {
    document.body.classList.toggle("blind", blind);
    button.setAttribute("aria-pressed", String(blind));
    button.firstChild.textContent = blind ? "Show who is who " : "Judge blind ";
    articles.forEach(article => dress(article, blind));
    tally.textContent = told(blind);
    articles.forEach(article => {
      const vote = article.dataset.vote, badge = article.querySelector(".voted");
      badge.textContent = vote && !blind ? (vote === "same" ? "you: no difference" : `you: ${vote} is better`) : "";
    });
  };

  const vote = (article, which) => {
    if (!isBlind()) return;
    article.dataset.vote = which === "same" ? which : sides(article)[which === "first" ? 0 : 1].dataset.side;
    all(".votes button", article).forEach(each => each.setAttribute("aria-pressed", String(each.dataset.vote === which)));
    tally.textContent = told(true);
  };

  const play = (article, at) => {
    const sound = (isBlind() ? sides(article) : all(".side", article))[at]?.querySelector("audio");
    if (!sound) return false;
    if (sound.paused) sound.play(); else sound.pause();
    return true;
  };

  button.addEventListener("click", () => turn(!isBlind()));
  articles.forEach(article => all(".votes button", article).forEach(each =>
    each.addEventListener("click", () => vote(article, each.dataset.vote))));

  const VOTES = {q: "first", w: "same", e: "second"};
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "b") return turn(!isBlind());
    const article = document.activeElement?.closest("article[data-swap]");
    if (!article) return;
    if (event.key in VOTES) vote(article, VOTES[event.key]);
    else if ((event.key === "1" || event.key === "2") && play(article, Number(event.key) - 1)) event.preventDefault();
  });

  if (location.hash === "#blind") turn(true);
})();
