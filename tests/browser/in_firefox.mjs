// Runs tests that were compiled to wasm32 in Firefox. Cargo takes it for the runner:
//   CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER="node tests/browser/in_firefox.mjs"
// The runner of wasm-bindgen serves a page with the tests, as it does for a person who wants to see
// them; Firefox opens it, and what the page then says is the outcome. Nothing else is needed: no
// geckodriver.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

process.env.CHUNKSCOPE_BROWSER = "firefox";
const { launch } = await import("./harness/browsers.mjs");

/// How long all tests of a file may take.
const PATIENCE = 300_000;

const profile = await mkdtemp(join(tmpdir(), "chunkscope-browser-"));
const environment = { ...process.env, NO_HEADLESS: "1", WASM_BINDGEN_TEST_ADDRESS: "127.0.0.1:0" };
const server = spawn("wasm-bindgen-test-runner", process.argv.slice(2), {
  env: environment,
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  process.exitCode = (await outcome(await address())) ? 0 : 1;
} finally {
  server.kill();
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}

/// Where the tests are served.
function address() {
  let said = "";
  return new Promise((resolve, reject) => {
    server.stdout.on("data", (text) => {
      said += text;
      const found = said.match(/http:\/\/[\d.]+:\d+/);
      if (found) resolve(found[0]);
    });
    server.on("exit", () => reject(new Error(`no tests were served:\n${said}`)));
  });
}

/// Opens the page, prints what it says, and tells whether all tests passed.
async function outcome(url) {
  const context = await launch(profile, {});
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(String(error.stack ?? error)));
    await page.goto(url);
    const output = page.locator("#output");
    const end = page.waitForFunction(
      () => /test result: \w+/.test(document.getElementById("output").textContent),
      null,
      { timeout: PATIENCE },
    );
    const failed = await end.then(() => null, (error) => error);
    const text = await output.innerText();
    console.log(text);
    if (failed) throw failed;
    return /test result: ok\. [1-9]/.test(text);
  } finally {
    await context.close();
  }
}
