"use strict";
// Shows what stands in the log files, newest first; everything as text.

const list = document.getElementById("entries");
let count = 0;

function make(tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text ?? "" });
}

function kind(event) {
  if (event.startsWith("DATASET")) return "data";
  if (event === "ISSUE_DETECTED" || event === "TRAINING_FAILED") return "issue";
  return event.startsWith("MODEL") ? "model" : "run";
}

function item(entry, fresh) {
  const line = make("li", `${kind(entry.event)}${fresh ? " new" : ""}`);
  line.dataset.event = entry.event;
  const top = make("div", "top");
  const time = make("time", "", entry.timestamp.slice(11, 23));
  time.dateTime = entry.timestamp;
  top.append(make("span", "event", entry.event.replaceAll("_", " ")), make("span", "names", [entry.dataset, entry.model].filter(Boolean).join(" · ")), time);
  line.append(top, make("div", "decision", entry.decision), make("div", "reasoning", entry.reasoning));
  if (entry.metrics_snapshot) {
    const details = make("details", "");
    details.append(make("summary", "", "numbers"), make("pre", "", JSON.stringify(entry.metrics_snapshot, null, 1)));
    line.append(details);
  }
  return line;
}

async function live() {
  try {
    const answer = await fetch(`entries?after=${count}`);
    if (answer.ok) {
      const entries = await answer.json();
      const first = count === 0;
      for (const entry of entries) list.prepend(item(entry, !first));
      count += entries.length;
      document.getElementById("count").textContent = `${count} ${count === 1 ? "entry" : "entries"}`;
    }
  } catch { /* the server is away: the next try comes soon */ }
  setTimeout(live, 400);
}
live();
