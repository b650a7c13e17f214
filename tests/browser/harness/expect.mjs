// Waiting for what the page will say.

import assert from "node:assert/strict";

const PATIENCE = 15_000;

/// Waits until an element's text contains `part` (or matches it); fails with what it said instead.
export async function expectText(locator, part) {
  const matches = (text) => (part instanceof RegExp ? part.test(text) : text.includes(part));
  const end = Date.now() + PATIENCE;
  let text = "";
  do {
    text = (await locator.innerText({ timeout: PATIENCE })).replaceAll("\u00a0", " ");
    if (matches(text)) return text;
    await new Promise((again) => setTimeout(again, 50));
  } while (Date.now() < end);
  assert.fail(`expected ${part} in:\n${text}`);
}

/// Waits until `value` returns something else than `before`, and returns that.
export async function expectChange(before, value) {
  const end = Date.now() + PATIENCE;
  do {
    const now = await value();
    if (now !== before) return now;
    await new Promise((again) => setTimeout(again, 50));
  } while (Date.now() < end);
  return assert.fail(`still ${before}`);
}
