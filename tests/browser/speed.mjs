// Prints how fast a worker ingests and compacts in the browser's storage, as JSON:
//   node tests/browser/speed.mjs SERIES SCRAPES [FOLDER]
// FOLDER holds the engine as `wasm-bindgen` left it; target/opfs-engine when it is not given.

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, withBrowser } from "./harness/session.mjs";

const [series, scrapes, folder = join(ROOT, "target/opfs-engine")] = process.argv.slice(2);
await cp(join(ROOT, "tests/browser/opfs"), folder, { recursive: true });
await withBrowser(folder, {}, async ({ context, origin }) => {
  const page = await context.newPage();
  await page.goto(`${origin}/index.html`);
  await page.waitForFunction(() => globalThis.call);
  const measured = await page.evaluate(
    ([series, scrapes]) => globalThis.call("speed", series, scrapes),
    [Number(series), Number(scrapes)],
  );
  const [samples_per_second, compaction] = Array.from(measured, (n) => Number(n.toFixed(3)));
  console.log(JSON.stringify({ samples_per_second, compaction }));
});
