// The conversation lives here; the server is sent all of it with each question.
// Whatever a model says is only ever put into textContent.
"use strict";

const at = (id) => document.getElementById(id);
const fragment = location.hash.slice(1);
if (fragment) {
  sessionStorage.setItem("realift-token", fragment);
  history.replaceState(null, "", location.pathname); // no token in screenshots and bookmarks
}
const headers = { "X-Realift-Token": sessionStorage.getItem("realift-token") || "" };
const turns = [];
let about = null;
let running = null;

function element(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}

function status(text, wrong) {
  at("status").textContent = text;
  at("status").classList.toggle("error", Boolean(wrong));
}

async function start() {
  try {
    const answer = await fetch("about", { headers });
    about = await answer.json();
    if (!answer.ok) throw new Error(about.error);
  } catch (error) {
    at("title").textContent = "not connected";
    status(String(error.message || error), true);
    return;
  }
  at("title").textContent = about.title;
  at("system").value = about.system_prompt;
  at("context").value = about.context;
  if (about.context) at("context-box").open = true;
  if (!about.has_adapter) at("arms").hidden = true;
  choose(about.arms.length === 2 ? "both" : about.arms[0]);
  at("ask").disabled = false;
  states();
}

function choose(name) {
  document.querySelector(`input[name=arms][value=${name}]`).checked = true;
}

function states() {
  const context = at("context").value.trim();
  at("context-state").textContent = context ? `(${context.length} characters)` : about.documents
    ? "(none: the nearest passages of the documents)" : "(none)";
  at("system-state").textContent = at("system").value === about.trained_prompt
    ? "(as in training)" : "(another than in training)";
}

function arms() {
  const chosen = document.querySelector("input[name=arms]:checked").value;
  return chosen === "both" ? ["base", "adapter"] : [chosen];
}

function lay(question, chosen) {
  const item = element("li");
  item.append(element("p", "question", question));
  const passages = element("div", "passages");
  const replies = element("div", "replies");
  replies.setAttribute("aria-busy", "true");
  const cells = {};
  for (const arm of chosen) {
    const reply = element("section", `reply ${arm}`);
    reply.setAttribute("aria-label", arm);
    const said = element("p", "said", "...");
    const facts = element("p", "facts");
    reply.append(element("h2", "", arm), said, facts);
    replies.append(reply);
    cells[arm] = { said, facts };
  }
  item.append(passages, replies);
  at("turns").append(item);
  return { item, passages, replies, cells };
}

function passage({ short, text }) {
  const made = element("details");
  made.append(element("summary", "", short), element("p", "", text));
  return made;
}

function finish(cell, reply) {
  cell.said.replaceChildren(...reply.pieces.map((p) => element("span", p.kind, p.text)));
  cell.said.classList.toggle("refuses", reply.refusal !== "none");
  const facts = [...reply.notes];
  if (reply.n_tokens) facts.push(`${reply.n_tokens} tokens, ${reply.seconds.toFixed(1)} s`);
  cell.facts.textContent = facts.join("; ");
}

function settle(view) {
  view.replies.setAttribute("aria-busy", "false");
  for (const cell of Object.values(view.cells)) {
    if (cell.said.textContent === "...") cell.said.textContent = "";
  }
}

// Server-sent events of a response, one by one.
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const blocks = held.split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const [name, data] = block.split("\n");
      yield { name: name.slice("event: ".length), data: JSON.parse(data.slice("data: ".length)) };
    }
  }
}

function toEnd() {
  at("main").scrollTop = at("main").scrollHeight;
}

async function ask() {
  const question = at("question").value.trim();
  if (!question || running || !about) return;
  const chosen = arms();
  const view = lay(question, chosen);
  const turn = { question, context: "" };
  running = new AbortController();
  at("question").value = "";
  at("ask").disabled = true;
  at("stop").disabled = false;
  status("answering");
  toEnd();
  try {
    const sent = {
      question, arms: chosen, context: at("context").value, system_prompt: at("system").value,
      follow: at("follow").checked, turns: at("follow").checked ? turns.slice(-50) : [],
    };
    const answer = await fetch("ask", {
      method: "POST", signal: running.signal, body: JSON.stringify(sent),
      headers: { ...headers, "Content-Type": "application/json" },
    });
    if (!answer.ok) throw new Error((await answer.json()).error);
    for await (const { name, data } of events(answer)) {
      if (name === "question") {
        turn.context = data.context;
        view.passages.append(...data.passages.map(passage));
      } else if (name === "text") {
        view.cells[data.arm].said.textContent = data.text;
        toEnd();
      } else if (name === "reply") {
        turn[data.arm] = data.text;
        finish(view.cells[data.arm], data);
        toEnd();
      } else if (name === "end") {
        status(data.same ? "both say the same" : "answered");
      } else if (name === "error") {
        throw new Error(data.message);
      }
    }
    turns.push(turn);
  } catch (error) {
    if (error.name === "AbortError") {
      status("stopped");
      for (const cell of Object.values(view.cells)) {
        if (!cell.facts.textContent) cell.facts.textContent = "stopped";
      }
    } else {
      status(String(error.message || error), true);
      if (!at("question").value) at("question").value = question;
    }
  } finally {
    running = null;
    settle(view);
    at("ask").disabled = false;
    at("stop").disabled = true;
    at("question").focus();
  }
}

function stop() {
  if (running) running.abort();
}

at("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
at("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ask();
  }
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
at("stop").addEventListener("click", stop);
at("clear").addEventListener("click", () => {
  stop();
  turns.length = 0;
  at("turns").replaceChildren();
  at("context").value = "";
  status("context and turns cleared");
  states();
  at("question").focus();
});
at("trained").addEventListener("click", () => { at("system").value = about.trained_prompt; states(); });
at("context").addEventListener("input", states);
at("system").addEventListener("input", states);
start();
