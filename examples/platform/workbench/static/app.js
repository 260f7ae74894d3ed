"use strict";
// Everything shown is made of text nodes: a name is never read as HTML.

const at = (id) => document.getElementById(id);
const chosen = new Set();
let shown = "";

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

function say(text, kind) {
  at("message").textContent = text;
  at("message").className = kind;
}

async function ask(method, path, body) {
  const options = { method };
  if (body instanceof Blob) options.body = body;
  else if (body) Object.assign(options, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const answer = await fetch(path, options);
  const recorded = await answer.json();
  if (!answer.ok) throw new Error(recorded.error ?? "The platform cannot do that.");
  return recorded;
}

async function act(doing, done) {
  try {
    const recorded = await doing();
    if (done) say(typeof done === "function" ? done(recorded) : done, "done");
  } catch (error) {
    say(error.message, "error");
  }
  await refresh();
}

const part = encodeURIComponent;

at("upload").addEventListener("submit", (event) => {
  event.preventDefault();
  const file = at("file").files[0];
  const name = at("name").value || file.name;
  const button = event.submitter;
  button.disabled = true; // until it is taken or refused
  act(async () => {
    await ask("POST", `/api/datasets?name=${part(name)}`, file);
    const found = await ask("POST", `/api/datasets/${part(name)}/validate`);
    if (!found.valid) throw new Error(`${name} was uploaded, but ${found.problems.join("; ")}.`);
    await ask("POST", `/api/datasets/${part(name)}/preprocess`);
    at("upload").reset();
  }, `${name} is ready for training.`).finally(() => { button.disabled = false; });
});

at("select").addEventListener("submit", (event) => {
  event.preventDefault();
  const body = { algorithm: at("algorithm").value, dataset: at("dataset").value };
  act(() => ask("POST", "/api/models", body), (recorded) => `${recorded.model} can be trained.`);
});

at("compare").addEventListener("click", () =>
  act(async () => {
    const recorded = await ask("POST", "/api/compare", { models: [...chosen] });
    const names = Object.keys(recorded.ranking[0]);
    at("comparison").replaceChildren(
      make("p", {}, make("b", { textContent: recorded.best }), ` is the best: ${recorded.reason}.`),
      make("table", {},
        make("tr", {}, ...names.map((name) => make("th", { textContent: name }))),
        ...recorded.ranking.map((row) => make("tr", {}, ...names.map((name) => make("td", { textContent: row[name] }))))));
  }, "The models are compared."));

function datasetCard(dataset) {
  const about = [`${dataset.rows.toLocaleString("en")} rows, ${dataset.columns} columns, class “${dataset.target}”`];
  if (dataset.steps) about.push(...dataset.steps);
  return make("div", { className: "card dataset" },
    make("div", { className: "top" },
      make("b", { textContent: dataset.name }),
      make("span", { className: `badge ${dataset.status}`, textContent: dataset.status })),
    make("div", { className: "about", textContent: about.join(" · ") }),
    dataset.problems?.length ? make("div", { className: "problems", textContent: dataset.problems.join("; ") }) : null,
    dataset.warnings?.length ? make("div", { className: "warnings", textContent: dataset.warnings.join("; ") }) : null);
}

function settings(model) {
  const form = make("form", { className: "row" });
  for (const [name, value] of Object.entries(model.hyperparameters)) {
    form.append(make("label", {}, name, make("input", { type: "number", step: "any", name, value, required: true })));
  }
  form.append(make("button", { textContent: "Set and train" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = {};
    for (const input of form.elements) if (input.name && Number(input.value) !== model.hyperparameters[input.name]) values[input.name] = Number(input.value);
    act(async () => {
      await ask("PUT", `/api/models/${part(model.name)}/hyperparameters`, values);
      await ask("POST", `/api/models/${part(model.name)}/train`);
    }, `${model.name} is being trained.`);
  });
  return form;
}

function numbers(values) {
  return Object.entries(values ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${Number(value).toPrecision(4)}`).join(" · ");
}

function modelCard(model) {
  const path = `/api/models/${part(model.name)}`;
  const running = ["waiting", "training"].includes(model.status);
  const buttons = make("div", { className: "row" });
  if (running) buttons.append(make("button", { className: "stop", textContent: "Stop", onclick: () => act(() => ask("POST", `${path}/stop`), `${model.name} is asked to stop.`) }));
  if (model.status === "completed") {
    buttons.append(
      make("button", { className: "evaluate", textContent: "Evaluate", onclick: () => act(() => ask("POST", `${path}/evaluate`), `${model.name} is evaluated.`) }),
      make("a", { className: "button download", textContent: "Download", href: `${path}/download` }));
  }
  const choose = make("input", { type: "checkbox", checked: chosen.has(model.name) });
  choose.addEventListener("change", () => {
    choose.checked ? chosen.add(model.name) : chosen.delete(model.name);
    at("compare").disabled = chosen.size < 2;
  });
  return make("div", { className: "card model" },
    make("div", { className: "top" },
      make("b", { textContent: model.name }),
      make("span", { className: `badge ${model.status}`, textContent: model.status }),
      model.metrics ? make("label", { className: "choose" }, choose, "compare") : null),
    model.total ? make("progress", { max: model.total, value: model.step }) : null,
    model.total ? make("div", { className: "about", textContent: `step ${model.step} of ${model.total} · ${numbers(model.progress)}` }) : null,
    model.metrics ? make("div", { className: "metrics", textContent: numbers(model.metrics) }) : null,
    model.error ? make("div", { className: "problems", textContent: model.error }) : null,
    model.status === "new" ? settings(model) : buttons);
}

function options(select, values) {
  const before = select.value;
  select.replaceChildren(...values.map(([value, textContent]) => make("option", { value, textContent })));
  if (values.some(([value]) => value === before)) select.value = before;
}

async function refresh() {
  const state = await ask("GET", "/api/state");
  const now = JSON.stringify(state);
  if (now === shown) return;
  const was = shown && JSON.parse(shown);
  shown = now;
  if (!was || JSON.stringify(was.datasets) !== JSON.stringify(state.datasets)) {
    at("datasets").replaceChildren(...state.datasets.toReversed().map(datasetCard));
    options(at("dataset"), state.datasets.filter((each) => each.status === "ready").map((each) => [each.name, each.name]));
  }
  if (!was) options(at("algorithm"), state.algorithms.map((each) => [each.key, each.label]));
  show(was ? was.models : [], state.models);
  if (!was && state.beside) {
    at("beside").hidden = false;
    at("beside").append(make("iframe", { src: state.beside, title: "Beside" }));
  }
}

// Cards whose model has not changed stay, with what is being typed into them.
function show(before, now) {
  const cards = new Map([...at("models").children].map((card) => [card.dataset.name, card]));
  const old = new Map(before.map((model) => [model.name, JSON.stringify(model)]));
  at("models").replaceChildren(...now.toReversed().map((model) => {
    if (old.get(model.name) === JSON.stringify(model)) return cards.get(model.name);
    const card = modelCard(model);
    card.dataset.name = model.name;
    return card;
  }));
}

async function live() {
  try {
    await refresh();
  } catch {
    say("The platform does not answer.", "error");
  }
  setTimeout(live, 500);
}
live();
