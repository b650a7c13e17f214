// The engine writes in the browser's own file storage: tabs are killed, the quota is used up, a
// second tab comes, and Prometheus opens what was downloaded.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { BROWSER } from "./harness/browsers.mjs";
import { ROOT, withBrowser } from "./harness/session.mjs";

const run = promisify(execFile);

const SERIES = 20;
const START = 1_700_000_000;
const INTERVAL = 60;

/// Firefox then gives an origin 10 MiB, the least it ever gives.
const FEW_BYTES = { preferences: { "dom.quotaManager.temporaryStorage.fixedLimit": 50 << 10 } };

const BUILT = join(ROOT, "target/opfs-engine");

/// A folder with the page and the engine that `cargo xtask test --only opfs-engine` built.
async function withStore(body, options = {}) {
  const missing = "there is no engine: cargo xtask test --only opfs-engine builds it";
  assert.ok(existsSync(join(BUILT, "opfs_engine_bg.wasm")), missing);
  await cp(join(ROOT, "tests/browser/opfs"), BUILT, { recursive: true });
  await withBrowser(BUILT, options, (browser) => body(new Tabs(browser)));
}

class Tabs {
  constructor({ context, origin, restart }) {
    this.context = context;
    this.origin = origin;
    this.restart = async () => (this.context = await restart());
    /// The most that any tab said has settled.
    this.acknowledged = 0;
  }

  /// A new tab, with nothing open.
  async tab() {
    const page = await this.context.newPage();
    page.on("console", (message) => {
      const [word, number] = message.text().split(" ");
      if (word === "settled") this.acknowledged = Math.max(this.acknowledged, Number(number));
    });
    await page.goto(`${this.origin}/index.html`);
    await page.waitForFunction(() => globalThis.call);
    return page;
  }
}

const call = (page, ...args) => page.evaluate((args) => globalThis.call(...args), args);

/// Opens the store; gives the number of scrapes, all of which the engine has checked.
const open = (page) => call(page, "open", "data", Math.floor(Math.random() * 2 ** 31));

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/// Ways a tab ends without notice.
const KILLS = {
  "its page is closed": (page) => page.close(),
  "its worker is terminated": async (page) => {
    await page.evaluate(() => globalThis.worker.terminate());
    await page.close();
  },
  "the browser is killed": (_, tabs) => tabs.restart(),
};

if (BROWSER === "chromium") {
  KILLS["its process crashes"] = async (page) => {
    const debug = await page.context().newCDPSession(page);
    const crashed = page.waitForEvent("crash");
    debug.send("Page.crash").catch(() => {});
    await crashed;
  };
}

test("a tab that is killed loses nothing that was acknowledged", () =>
  withStore(async (tabs) => {
    const seen = [];
    const ways = Object.entries(KILLS);
    for (let round = 0; round < 4 * ways.length; round += 1) {
      const [how, kill] = ways[round % ways.length];
      const page = await tabs.tab();
      const found = await open(page);
      const when = `round ${round}, the last one: ${how}`;
      assert.ok(found >= tabs.acknowledged, `${when}: ${found} of ${tabs.acknowledged} are left`);
      seen.push(found);
      call(page, "live", 1_000_000).catch(() => {});
      await sleep(100 + Math.random() * 1500);
      await kill(page, tabs);
    }
    const page = await tabs.tab();
    const found = await open(page);
    assert.ok(found >= tabs.acknowledged && found > 60, `${found} of ${tabs.acknowledged}`);
    assert.ok(new Set(seen).size > seen.length / 2, `the tabs wrote: ${seen}`);
    while (!(await call(page, "upkeep", 50)));
    assert.equal(await call(page, "verify"), found);
    const blocks = (await call(page, "names")).filter((name) => name.length === 26);
    assert.ok(blocks.length > 1, `blocks: ${blocks}`);
  }));

test("a full storage refuses, and what was acknowledged stays", () =>
  withStore(async (tabs) => {
    const page = await tabs.tab();
    await open(page);
    await call(page, "live", 50);
    await leaveRoom(page, 20_000);
    await assert.rejects(call(page, "live", 1_000_000), /storage is full|no space|quota/i);
    const kept = tabs.acknowledged;
    assert.ok(kept > 50, `${kept} scrapes before it was full`);
    await leaveRoom(page);
    assert.ok((await call(page, "ingest", 1)) > kept, "with room again, it goes on");
    await page.close();

    const next = await tabs.tab();
    const found = await open(next);
    assert.ok(found > kept, `${found} of ${kept}`);
  }, FEW_BYTES));

/// Lets the origin store so many bytes more, or, without a number, as many as before. Chromium can
/// be told; in Firefox another file takes the rest.
async function leaveRoom(page, bytes) {
  if (BROWSER === "chromium") {
    const debug = await page.context().newCDPSession(page);
    const { usage } = await page.evaluate(() => navigator.storage.estimate());
    const quotaSize = bytes && usage + bytes;
    const { origin } = new URL(page.url());
    return debug.send("Storage.overrideQuotaForOrigin", { origin, quotaSize });
  }
  return page.evaluate(async (bytes) => {
    const root = await navigator.storage.getDirectory();
    if (bytes === undefined) return root.removeEntry("the rest");
    const { quota, usage } = await navigator.storage.estimate();
    const rest = await root.getFileHandle("the rest", { create: true });
    const writing = await rest.createWritable();
    await writing.write(new Uint8Array(quota - usage - bytes));
    return writing.close();
  }, bytes);
}

test("a second tab is refused, until the first is closed", () =>
  withStore(async (tabs) => {
    const first = await tabs.tab();
    await open(first);
    await call(first, "ingest", 3);
    const second = await tabs.tab();
    await assert.rejects(open(second), /open in another tab/);
    assert.equal(await call(first, "ingest", 1), 4, "the first goes on");
    await first.close();
    assert.equal(await open(second), 4);
  }));

test("what is downloaded as a tar is opened by Prometheus", () =>
  withStore(async (tabs) => {
    const page = await tabs.tab();
    await open(page);
    const scrapes = await call(page, "live", 90);
    while (!(await call(page, "upkeep", 50)));
    // With a file being written, and blocks of several levels.
    const folder = await mkdtemp(join(tmpdir(), "chunkscope-tar-"));
    try {
      await writeFile(join(folder, "data.tar"), await download(page));
      await run("tar", ["xf", "data.tar"], { cwd: folder });
      const data = join(folder, "data");
      const blocks = await run("promtool", ["tsdb", "list", data]);
      assert.ok(blocks.stdout.trim().split("\n").length > 1, blocks.stdout);
      await withPrometheus(folder, async (ask) => {
        const time = START + scrapes * INTERVAL;
        const counts = await ask(`count_over_time(test_value[10d])`, time);
        assert.equal(counts.length, SERIES);
        for (const { value } of counts) assert.equal(Number(value[1]), scrapes);
        const newest = await ask(`test_value`, START + (scrapes - 1) * INTERVAL);
        for (const { metric, value } of newest) {
          const expected = (scrapes - 1) * SERIES + Number(metric.series);
          assert.equal(Number(value[1]), expected, JSON.stringify(metric));
        }
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }));

/// All pieces of the archive.
async function download(page) {
  const pieces = [];
  for (;;) {
    const piece = await page.evaluate(async () => {
      const bytes = await globalThis.call("pack");
      if (!bytes) return null;
      let text = "";
      for (let at = 0; at < bytes.length; at += 32_768) {
        text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
      }
      return btoa(text);
    });
    if (piece === null) return Buffer.concat(pieces);
    pieces.push(Buffer.from(piece, "base64"));
  }
}

/// Starts Prometheus on `folder`/data; `body` gets a function that asks for an instant vector.
async function withPrometheus(folder, body) {
  await writeFile(join(folder, "prometheus.yml"), "");
  const port = await freePort();
  const server = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  server.stderr.on("data", (data) => (said += data));
  const ended = new Promise((done) => server.on("exit", done));
  try {
    const base = `http://127.0.0.1:${port}`;
    for (let tries = 0; ; tries += 1) {
      const ready = await fetch(`${base}/-/ready`).then((r) => r.ok, () => false);
      if (ready) break;
      assert.ok(tries < 200 && server.exitCode === null, `Prometheus does not start: ${said}`);
      await sleep(100);
    }
    await body(async (query, time) => {
      const parameters = new URLSearchParams({ query, time: String(time) });
      const answer = await (await fetch(`${base}/api/v1/query?${parameters}`)).json();
      assert.equal(answer.status, "success", JSON.stringify(answer));
      return answer.data.result;
    });
    assert.doesNotMatch(said, /level=(warn|error)/, "what Prometheus says of the directory");
  } finally {
    server.kill();
    await ended;
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
