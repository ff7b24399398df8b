"use strict";
(() => {
  const form = document.querySelector(".filters");
  const cards = [...document.querySelectorAll("article.card")];
  const fold = (open) => cards.forEach((card) => { card.firstElementChild.open = open; });

  const apply = () => {
    const data = new FormData(form);
    const words = data.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const severities = data.getAll("severity");
    const rules = data.getAll("rule");
    let shown = 0;
    for (const card of cards) {
      const text = card.textContent.toLowerCase();
      const keep =
        (!severities.length || severities.includes(card.dataset.severity)) &&
        (!rules.length || rules.some((rule) => card.dataset.rules.split(" ").includes(rule))) &&
        (!data.get("new") || card.dataset.known === "no") &&
        words.every((word) => text.includes(word));
      card.hidden = !keep;
      shown += keep;
      for (const twin of document.querySelectorAll(`[data-card="${card.dataset.number}"]`)) {
        twin.hidden = !keep;
      }
    }
    form.querySelector("output").textContent =
      shown === cards.length ? "" : `${shown} of ${cards.length} shown`;
    document.getElementById("no-match").hidden = shown > 0;
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.open.addEventListener("click", () => fold(true));
    form.elements.close.addEventListener("click", () => fold(false));
    apply();
  }

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    const details = target && (target.matches("details") ? target : target.querySelector("details"));
    if (details && target.matches("article, details")) details.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("article.card > details:not([open])")];
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
})();
