// One page in a fresh browser, and the promises that every test keeps: no error on the console,
// nothing asked for outside the page's own origin.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BROWSER, MAKER_OF_THE_BROWSER, kill, launch } from "./browsers.mjs";
import { trap } from "./proxy.mjs";
import { serve } from "./server.mjs";

/// The root of the repository.
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const DIST = process.env.CHUNKSCOPE_DIST ?? join(ROOT, "dist");

/// A fresh browser, and `folder` served to it: hands `body` its `context`, the `origin`, and
/// `restart`, which kills the browser without notice and gives the context of the next one.
///
/// `options` are those of `launch`.
export async function withBrowser(folder, options, body) {
  // A profile on disk: in a private window the browser's file system is ten times slower.
  const profile = await mkdtemp(join(tmpdir(), "chunkscope-browser-"));
  const server = await serve(folder);
  let context = await launch(profile, options);
  const restart = async () => {
    await kill(profile, context);
    context = await launch(profile, options);
    return context;
  };
  try {
    await body({ context, origin: server.origin, restart });
  } finally {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/// Opens the built page and hands `body` a session; afterwards checks the promises.
///
/// `options`: `width` and `height` in CSS pixels, `theme` "light" or "dark", `fragment` of the
/// address, `expectErrors` to leave the console unchecked (tests that provoke errors).
export async function withPage(options, body) {
  const { width, height, theme, fragment = "", expectErrors } = options;
  const proxy = await trap();
  const browser = { width, height, theme, proxy: proxy.address };
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

  /// Saves what is on the screen as target/browser/BROWSER/NAME.png.
  picture = async (name) => {
    const folder = join(ROOT, "target/browser", BROWSER);
    await mkdir(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  };
}
