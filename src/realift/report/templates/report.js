"use strict";
// Filters, search and sorting of the questions. Without this script all of them are shown.
(() => {
  const list = document.getElementById("question-list");
  const tools = document.getElementById("question-tools");
  if (!list || !tools) return;
  const get = (id) => document.getElementById(id);
  const questions = [...list.querySelectorAll(":scope > details")];
  const groups = [...list.querySelectorAll(":scope > .group")];
  const asBuilt = [...list.children];
  const search = get("question-search"), sort = get("question-sort");
  const buttons = [...tools.querySelectorAll("button[aria-pressed]")];
  const texts = new Map(); // of a question, lower case; made when first searched
  const place = (question) => Number(question.id.split("-")[1]);
  const orders = {
    file: (a, b) => place(a) - place(b),
    long: (a, b) => b.dataset.tokens - a.dataset.tokens || place(a) - place(b),
  };

  tools.hidden = false;
  document.documentElement.classList.add("scripted");
  tools.addEventListener("submit", (event) => event.preventDefault());

  const pressed = (kind) => buttons
    .filter((b) => b.getAttribute("aria-pressed") === "true" && b.dataset[kind])
    .map((b) => b.dataset[kind]);

  function textOf(question) {
    if (!texts.has(question)) texts.set(question, question.textContent.toLowerCase());
    return texts.get(question);
  }

  function filter() {
    const outcomes = pressed("outcome"), flags = pressed("flag");
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const question of questions) {
      const has = question.dataset.flags.split(";");
      const fits = (!outcomes.length || outcomes.includes(question.dataset.outcome))
        && flags.every((flag) => has.includes(flag))
        && words.every((word) => textOf(question).includes(word));
      question.hidden = !fits;
      shown += fits;
    }
    for (const group of groups) {
      group.hidden = sort.value !== "look" || !questions.some(
        (q) => !q.hidden && q.dataset.outcome === group.dataset.outcome);
    }
    get("question-count").textContent = `${shown} of ${questions.length} shown`;
    get("question-none").hidden = shown > 0;
  }

  function order() {
    const compare = orders[sort.value];
    list.append(...(compare ? [...groups, ...questions.slice().sort(compare)] : asBuilt));
    filter();
  }

  function reset() {
    for (const button of buttons) button.setAttribute("aria-pressed", "false");
    search.value = "";
    filter();
  }

  for (const button of buttons) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") === "true";
      button.setAttribute("aria-pressed", String(!on));
      filter();
    });
  }
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  sort.addEventListener("change", order);
  get("question-reset").addEventListener("click", reset);
  get("question-reset-2").addEventListener("click", () => {
    reset();
    search.focus();
  });
  get("question-unfold").addEventListener("click", () => {
    const shown = questions.filter((q) => !q.hidden);
    const open = shown.some((q) => !q.open);
    for (const question of shown) question.open = open;
  });
  list.addEventListener("keydown", (event) => {
    const here = event.target.closest("summary");
    const step = { j: 1, k: -1 }[event.key];
    if (!here || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    const shown = [...list.querySelectorAll(":scope > details:not([hidden])")];
    const next = shown[shown.indexOf(here.parentElement) + step];
    if (next) next.querySelector("summary").focus();
  });

  function follow() { // a link to a question unfolds it
    const target = location.hash.startsWith("#question-") && get(location.hash.slice(1));
    if (!target || target.parentElement !== list) return;
    if (target.hidden) reset();
    target.open = true;
    target.scrollIntoView();
    target.querySelector("summary").focus({ preventScroll: true });
  }
  addEventListener("hashchange", follow);
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = questions.filter((q) => !q.hidden && !q.open);
    for (const question of folded) question.open = true;
  });
  addEventListener("afterprint", () => {
    for (const question of folded) question.open = false;
  });
  filter();
  follow();
})();
