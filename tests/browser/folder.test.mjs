// A person's own directory: a folder, an archive, one that is damaged, and things that are none.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertAccessible } from "./harness/accessibility.mjs";
import { ask, openFolder, show, waitUntilOpen } from "./harness/actions.mjs";
import { expectText } from "./harness/expect.mjs";
import { ROOT, withPage } from "./harness/session.mjs";

const FIXTURES = join(ROOT, "tests/fixtures");

async function expected(fixture, file) {
  return JSON.parse(await readFile(join(FIXTURES, fixture, "expected", file), "utf8"));
}

test("a folder is read in the tab: all its blocks, and a query over them", () =>
  withPage({}, async ({ page, picture }) => {
    await openFolder(page, join(FIXTURES, "overlap/data"));
    await waitUntilOpen(page);
    const blocks = await expected("overlap", "blocks.json");
    const heading = page.getByRole("heading", { level: 1 }).first();
    await expectText(heading, `${blocks.length} blocks`);
    const [name] = (await expected("overlap", "labels.json")).__name__;
    await show(page, "Explore");
    await ask(page, name);
    await expectText(page.getByRole("list", { name: "Series of the chart" }), name);
    await picture("folder-overlap");
  }));

test("an archive is read in place", () =>
  withPage({}, async ({ page }) => {
    await page.locator("#open-archive").setInputFiles(join(ROOT, "web/demo/wide.tar.gz"));
    await waitUntilOpen(page);
    await show(page, "Explore");
    await ask(page, '{b=~"v00.+"}');
    await expectText(page.getByRole("region", { name: "What was read" }), /series/);
  }));

test("a damaged log names its place, and the rest stays readable", () =>
  withPage({}, async ({ page, picture }) => {
    await openFolder(page, join(FIXTURES, "corrupt/wal-flip-data/data"));
    await waitUntilOpen(page);
    await expectText(page.getByRole("contentinfo"), /damaged/);
    await show(page, "Findings");
    const findings = page.getByRole("region", { name: "Findings", exact: true });
    const text = await expectText(findings, "wal/00000001");
    assert.match(text, /1050|0x41a/i, "the offset of the record");
    await assertAccessible(page);
    await picture("damaged-log");
    await show(page, "Explore");
    await ask(page, "m");
    await expectText(page.getByRole("list", { name: "Series of the chart" }), 'i="0"');
  }));

test("a damaged block names its place, and the rest stays readable", () =>
  withPage({}, async ({ page }) => {
    await openFolder(page, join(FIXTURES, "corrupt/index-magic/data"));
    await waitUntilOpen(page);
    await show(page, "Findings");
    await expectText(page.getByRole("region", { name: "Findings", exact: true }), "/index");
  }));

test("a folder that is no data directory is refused in words", () =>
  withPage({}, async ({ page, picture }) => {
    await openFolder(page, join(ROOT, "tests/browser/harness"));
    const alert = page.getByRole("alert").first();
    await expectText(alert, /not a data directory/i);
    await assertAccessible(page);
    await picture("refused-folder");
  }));
