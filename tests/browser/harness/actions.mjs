// What a person does on the page, in words that survive a change of its looks: by role and name.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { BROWSER } from "./browsers.mjs";

const run = promisify(execFile);

/// Opening is done when the frame with its views is there.
export async function waitUntilOpen(page) {
  await page.getByRole("navigation", { name: "Views" }).waitFor({ timeout: 60_000 });
}

/// Gives a folder of this machine to the folder input, as the browser's dialog would. Firefox cannot
/// be driven to that: there, the archive input gets a tar of it.
export async function openFolder(page, folder) {
  if (BROWSER === "chromium") {
    await page.locator("#open-folder").first().setInputFiles(folder);
    return;
  }
  const options = { encoding: "buffer", maxBuffer: 64 << 20 };
  const { stdout: buffer } = await run("tar", ["cf", "-", "-C", folder, "."], options);
  const archive = { name: "data.tar", mimeType: "application/x-tar", buffer };
  await page.locator("#open-archive").setInputFiles(archive);
}

/// Clicks twice. What drives Firefox makes two single clicks of that.
export async function doubleClick(element) {
  await element.dblclick();
  if (BROWSER === "firefox") await element.dispatchEvent("dblclick");
}

/// Goes to a view by its name in the navigation.
export async function show(page, view) {
  await page.getByRole("navigation", { name: "Views" }).getByRole("button", { name: view }).click();
  await page.getByRole("region", { name: view, exact: true }).waitFor();
}

/// Types a selector and runs it; done when the account of the query is there.
export async function ask(page, selector) {
  const field = page.getByRole("combobox", { name: "Selector" });
  await field.fill(selector);
  await field.press("Escape");
  await field.press("Enter");
  await page.getByRole("region", { name: "What was read" }).waitFor();
  await page.waitForFunction(() => document.querySelector(".result.old") === null);
}

/// Drags over a part of an element, given in fractions of its width.
export async function dragAcross(page, element, from, to) {
  const box = await element.boundingBox();
  const y = box.y + box.height * 0.6;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  for (let step = 1; step <= 5; step += 1) {
    await page.mouse.move(box.x + box.width * (from + ((to - from) * step) / 5), y);
  }
  await page.mouse.up();
}
