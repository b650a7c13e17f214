// Opens a data directory in the page and prints how long the worker took, as JSON:
//   node tests/browser/replay.mjs DIRECTORY
// `opened_ms` is the page's own figure: from the request to open until the directory is open.
// `wall_ms` counts from handing over the folder until the view is drawn.

import { openFolder, waitUntilOpen } from "./harness/actions.mjs";
import { withPage } from "./harness/session.mjs";

const UNITS = { ms: 1, s: 1000, min: 60_000 };

const directory = process.argv[2];
if (!directory) {
  console.error("usage: node tests/browser/replay.mjs DIRECTORY");
  process.exit(2);
}
await withPage({}, async ({ page }) => {
  await page.locator("#open-folder").first().waitFor({ state: "attached" });
  const start = performance.now();
  await openFolder(page, directory);
  await waitUntilOpen(page);
  const wall_ms = performance.now() - start;
  const status = await page.getByRole("contentinfo").innerText();
  const [, figure, unit] = status.match(/Opened in ([\d.,]+)\s*(ms|s|min)/) ?? [];
  const opened_ms = Number(figure?.replaceAll(",", "")) * UNITS[unit];
  console.log(JSON.stringify({ opened_ms, wall_ms }));
});
