// The worker of the tests: calls functions of the engine, one after another, and goes on by itself
// when told to `live`, saying what has settled.

import start, * as engine from "./opfs_engine.js";

const ready = start();
let last = ready;

self.onmessage = ({ data: { id, name, args } }) => {
  last = last.then(() => answer(id, name, args));
};

async function answer(id, name, args) {
  try {
    const result = name === "live" ? await live(...args) : await engine[name](...args);
    self.postMessage({ id, result });
  } catch (error) {
    self.postMessage({ id, error: String(error.message ?? error) });
  }
}

/// Ingests and compacts until `scrapes` scrapes are there, or the tab is killed.
async function live(scrapes) {
  for (;;) {
    const settled = await engine.ingest(1 + Math.floor(Math.random() * 4));
    self.postMessage({ settled });
    if (settled >= scrapes) return settled;
    await engine.upkeep(1 + Math.floor(Math.random() * 16));
    // Slowly: what is written has to be read again and again.
    await new Promise((done) => setTimeout(done, 8));
  }
}
