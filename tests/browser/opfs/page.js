// The page of the tests: `call` asks the worker, `settled` is what it last said has settled.

const worker = new Worker("./worker.js", { type: "module" });
const waiting = new Map();
let last = 0;

globalThis.settled = 0;
globalThis.worker = worker;
globalThis.call = (name, ...args) =>
  new Promise((resolve, reject) => {
    last += 1;
    waiting.set(last, { resolve, reject });
    worker.postMessage({ id: last, name, args });
  });

worker.onmessage = ({ data }) => {
  if ("settled" in data) {
    globalThis.settled = data.settled;
    // The test listens: what it has heard of is acknowledged.
    console.log(`settled ${data.settled}`);
    return;
  }
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  "error" in data ? reject(new Error(data.error)) : resolve(data.result);
};
worker.onerror = (event) => console.error(event.message);
