// The browsers that tests run in: where they are, how they are started, how they are killed.
// CHUNKSCOPE_BROWSER chooses: `chromium`, unless it says `firefox`.
//
// Firefox is the ordinary one of Debian, driven by WebDriver BiDi, which it speaks itself. That
// needs playwright-core up to 1.64: later ones begin with a command that Firefox 153 does not know.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { chromium, firefox } from "playwright-core";

/// The browser that was chosen.
export const BROWSER = process.env.CHUNKSCOPE_BROWSER ?? "chromium";

const isFirefox = BROWSER === "firefox";

assert.ok(["chromium", "firefox"].includes(BROWSER), `CHUNKSCOPE_BROWSER is ${BROWSER}`);

/// No talk of the browser with its maker; as root it cannot have a sandbox.
const CHROMIUM_ARGUMENTS = [
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

/// The same for Firefox.
const FIREFOX_PREFERENCES = {
  "app.normandy.enabled": false,
  "browser.region.network.url": "",
  "network.captive-portal-service.enabled": false,
  "services.settings.server": "data:,#nobody/v1",
};

/// Whom a browser asks on its own account, whatever page is open.
export const MAKER_OF_THE_BROWSER = isFirefox
  ? /^(https?:\/\/)?([a-z0-9-]+\.)*(mozilla|firefox|mozgcp)\.(com|net|org)[:/]/
  : /^(https?:\/\/)?([a-z0-9-]+\.)*(google|googleapis|gvt1)\.com[:/]/;

function browserPath() {
  const names = isFirefox
    ? ["firefox-esr", "firefox"]
    : ["chromium", "chromium-browser", "google-chrome"];
  const folders = process.env.PATH.split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const path = process.env[BROWSER.toUpperCase()] ?? found.find((file) => existsSync(file));
  assert.ok(path, `no ${BROWSER} on PATH (${BROWSER.toUpperCase()} may name one)`);
  return path;
}

/// Starts the browser on the profile in the folder `profile`; gives its context.
///
/// `options`: `width` and `height` in CSS pixels, `theme` "light" or "dark", `proxy` (`host:port`)
/// for all that is not on this machine, `preferences` of Firefox.
export function launch(profile, options) {
  const { width = 1440, height = 900, theme = "light", proxy, preferences } = options;
  const common = {
    executablePath: browserPath(),
    headless: true,
    viewport: { width, height },
    timezoneId: "UTC",
    locale: "en-GB",
  };
  if (!isFirefox) {
    const args = [...CHROMIUM_ARGUMENTS, ...(proxy ? [`--proxy-server=${proxy}`] : [])];
    return chromium.launchPersistentContext(profile, { ...common, colorScheme: theme, args });
  }
  const firefoxUserPrefs = {
    ...FIREFOX_PREFERENCES,
    // A page asks for this scheme; the frame around it does not matter.
    "layout.css.prefers-color-scheme.content-override": theme === "dark" ? 0 : 1,
    ...(proxy ? throughProxy(proxy) : {}),
    ...preferences,
  };
  const channel = "moz-firefox";
  return firefox.launchPersistentContext(profile, { ...common, channel, firefoxUserPrefs });
}

function throughProxy(proxy) {
  const [host, port] = proxy.split(":");
  const both = ["http", "ssl"].flatMap((kind) => [
    [`network.proxy.${kind}`, host],
    [`network.proxy.${kind}_port`, Number(port)],
  ]);
  return { "network.proxy.type": 1, ...Object.fromEntries(both) };
}

/// Kills the browser that uses `profile`, as a crash of the machine's memory would: without notice.
/// Done when it is gone.
export async function kill(profile, context) {
  // Both browsers lock their profile with a link that names their process.
  const lock = await readlink(join(profile, isFirefox ? "lock" : "SingletonLock"));
  const process_id = Number(lock.match(/\d+$/)[0]);
  const gone = new Promise((done) => context.on("close", done));
  process.kill(process_id, "SIGKILL");
  await gone;
}
