// axe-core on the page as it is now: no serious and no critical fault.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const source = readFile(createRequire(import.meta.url).resolve("axe-core"), "utf8");

/// Fails with rule, element and reason of every serious fault.
export async function assertAccessible(page) {
  // Evaluated by the debugger, not by the page, so the page's policy does not forbid it.
  await page.evaluate(await source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const faults = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
  assert.deepEqual(faults, [], "serious accessibility faults");
}
