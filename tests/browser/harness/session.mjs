// One page in a fresh browser, and the promises that every test keeps: no error on the console,
// nothing asked for outside the page's own origin.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { trap } from "./proxy.mjs";
import { serve } from "./server.mjs";

/// The root of the repository.
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const DIST = process.env.CHUNKSCOPE_DIST ?? join(ROOT, "dist");
/// Whom the browser asks on its own account, whatever page is open.
const MAKER_OF_THE_BROWSER = /^(https?:\/\/)?([a-z0-9-]+\.)*(google|googleapis|gvt1)\.com[:/]/;

const PICTURES = join(ROOT, "target/browser");

/// No talk of the browser with its maker; as root it cannot have a sandbox.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-sync",
  "--disable-features=OptimizationHints,MediaRouter,Translate",
];

function browserPath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = process.env.PATH.split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const path = process.env.CHROMIUM ?? found.find((file) => existsSync(file));
  assert.ok(path, "no Chromium on PATH (CHROMIUM may name one)");
  return path;
}

/// A fresh browser, and `folder` served to it: hands `body` its `context` and the `origin`.
export async function withBrowser(folder, { width = 1440, height = 900, ...options }, body) {
  const profile = await mkdtemp(join(tmpdir(), "chunkscope-browser-"));
  const { args = [], ...rest } = options;
  const server = await serve(folder);
  // A profile on disk: in a private window the browser's file system is ten times slower.
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath(),
    headless: true,
    args: [...ARGUMENTS, ...args],
    viewport: { width, height },
    timezoneId: "UTC",
    locale: "en-GB",
    ...rest,
  });
  try {
    await body({ context, origin: server.origin });
  } finally {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/// Opens the built page and hands `body` a session; afterwards checks the promises.
///
/// `options`: `width` and `height` in CSS pixels, `theme` "light" or "dark", `fragment` of the
/// address, `expectErrors` to leave the console unchecked (tests that provoke errors).
export async function withPage(options, body) {
  const { width, height, theme = "light", fragment = "", expectErrors } = options;
  const proxy = await trap();
  const browser = { width, height, colorScheme: theme, args: [`--proxy-server=${proxy.address}`] };
  try {
    await withBrowser(DIST, browser, async ({ context, origin }) => {
      const page = context.pages()[0] ?? (await context.newPage());
      const session = new Session(page, origin);
      await page.goto(`${origin}/${fragment}`);
      await body(session);
      if (!expectErrors) assert.deepEqual(session.errors, [], "errors on the console");
      assert.deepEqual(session.foreignRequests(), [], "requests that leave the origin");
      const asked = proxy.asked.filter((address) => !MAKER_OF_THE_BROWSER.test(address));
      assert.deepEqual(asked, [], "addresses the browser tried to reach");
    });
  } finally {
    await proxy.close();
  }
}

class Session {
  constructor(page, origin) {
    this.page = page;
    this.origin = origin;
    this.errors = [];
    this.requests = [];
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(`${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.errors.push(String(error.stack ?? error)));
    page.on("crash", () => this.errors.push("the page crashed"));
    page.context().on("request", (request) => this.requests.push(request.url()));
  }

  /// Requests to anywhere but where the page came from. data: and blob: stay in the page.
  foreignRequests() {
    const own = [`${this.origin}/`, "data:", `blob:${this.origin}/`];
    return this.requests.filter((url) => !own.some((start) => url.startsWith(start)));
  }

  /// Saves what is on the screen as target/browser/NAME.png.
  picture = async (name) => {
    await mkdir(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`) });
  };
}
