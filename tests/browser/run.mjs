// Runs every *.test.mjs beside this file on the built page, one after another:
//   node tests/browser/run.mjs [PART_OF_A_FILE_NAME]
// in Chromium; with CHUNKSCOPE_BROWSER=firefox, in Firefox.

import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv[2] ?? "";
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs") && name.includes(wanted))
  .map((name) => join(folder, name));
if (files.length === 0) {
  console.error(`no test file is named like ${wanted}`);
  process.exit(2);
}
run({ files, concurrency: 1, timeout: 300_000 })
  .on("test:fail", () => (process.exitCode = 1))
  .compose(new spec())
  .pipe(process.stdout);
