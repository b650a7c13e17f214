// Does the work of tests/harness/workload.rs in a worker, on the browser's own file storage, and
// prints how long each part took, as JSON:
//   node tests/browser/worker_speed.mjs FOLDER SERIES
// FOLDER has the engine, compiled for release; `cargo xtask bench worker` builds it.

import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ROOT, withBrowser } from "./harness/session.mjs";

const [folder, series] = process.argv.slice(2);
if (!series) {
  console.error("usage: node tests/browser/worker_speed.mjs FOLDER SERIES");
  process.exit(2);
}
await cp(join(ROOT, "tests/browser/opfs"), folder, { recursive: true });
await withBrowser(resolve(folder), {}, async ({ context, origin }) => {
  const page = await context.newPage();
  await page.goto(`${origin}/index.html`);
  await page.waitForFunction(() => globalThis.call);
  console.log(await page.evaluate((count) => globalThis.call("work", "work", count), Number(series)));
});
