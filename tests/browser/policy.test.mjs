// The promise of the first screen: nothing leaves the page, and the browser enforces it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { withPage } from "./harness/session.mjs";

const ELSEWHERE = "http://elsewhere.test/";

test("the page starts under its policy, without an error", () =>
  withPage({}, async ({ page }) => {
    await page.waitForFunction(() => document.body.innerText.includes("Chunkscope"));
  }));

test("the page cannot fetch from elsewhere", () =>
  withPage({ expectErrors: true }, async ({ page }) => {
    const blocked = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
          fetch(url).then(() => resolve("fetched"), () => {});
        }),
      ELSEWHERE,
    );
    assert.equal(blocked, "connect-src");
  }));

test("a worker started from a blob cannot fetch from elsewhere either", () =>
  withPage({ expectErrors: true }, async ({ page }) => {
    const blocked = await page.evaluate((url) => {
      const code = `addEventListener("securitypolicyviolation", (e) => postMessage(e.violatedDirective));
        fetch(${JSON.stringify(url)}).then(() => postMessage("fetched"), () => {});`;
      const worker = new Worker(URL.createObjectURL(new Blob([code])));
      return new Promise((resolve) => (worker.onmessage = (event) => resolve(event.data)));
    }, ELSEWHERE);
    assert.equal(blocked, "connect-src");
  }));

test("the built worker starts from a blob and loads its files from this origin", () =>
  withPage({}, async ({ page }) => {
    const outcome = await page.evaluate(() => {
      const base = document.baseURI;
      const code = `importScripts(${JSON.stringify(new URL("worker.js", base).href)});
        wasm_bindgen(${JSON.stringify(new URL("worker_bg.wasm", base).href)})
          .catch((error) => postMessage(String(error)));`;
      const worker = new Worker(URL.createObjectURL(new Blob([code])));
      return new Promise((resolve) => {
        worker.addEventListener("message", (event) => resolve(event.data), { once: true });
      });
    });
    assert.match(JSON.stringify(outcome), /Ready/);
  }));
