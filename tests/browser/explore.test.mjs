// A query on the demo: chart, zoom by drag and back, one series alone, table, what was read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./harness/accessibility.mjs";
import { ask, doubleClick, dragAcross, show, waitUntilOpen } from "./harness/actions.mjs";
import { expectChange, expectText } from "./harness/expect.mjs";
import { withPage } from "./harness/session.mjs";

async function openExplore(page, selector) {
  await waitUntilOpen(page);
  await show(page, "Explore");
  await ask(page, selector);
}

for (const [width, theme] of [[1440, "light"], [1440, "dark"], [390, "light"]]) {
  test(`a query is plotted and accounted for at ${width} px, ${theme}`, () =>
    withPage({ width, theme, fragment: "#demo" }, async ({ page, picture }) => {
      await openExplore(page, "up");
      const legend = page.getByRole("list", { name: "Series of the chart" });
      await expectText(legend, "instance=");
      const account = page.getByRole("region", { name: "What was read" });
      await expectText(account, "Samples");
      assert.ok(await hasInk(page.locator("canvas.plot-lines")), "nothing is drawn");
      await assertAccessible(page);
      await picture(`explore-${width}-${theme}`);
    }));
}

test("a drag zooms by asking again, a double click goes back", () =>
  withPage({ fragment: "#demo" }, async ({ page }) => {
    await openExplore(page, "up");
    const chart = page.locator("canvas.plot-pointer");
    const account = page.getByRole("region", { name: "What was read" });
    const ruler = page.getByRole("slider", { name: "Time ruler" });
    const range = () => ruler.getAttribute("aria-valuetext");
    const [whole, before] = [await range(), await account.innerText()];
    await chart.scrollIntoViewIfNeeded();
    await dragAcross(page, chart, 0.4, 0.6);
    const part = await expectChange(whole, range);
    await expectChange(before, () => account.innerText());
    await doubleClick(chart);
    await expectChange(part, range);
  }));

test("a click in the legend leaves one series alone", () =>
  withPage({ fragment: "#demo" }, async ({ page }) => {
    await openExplore(page, "up");
    const rows = page.getByRole("list", { name: "Series of the chart" }).getByRole("button");
    assert.ok((await rows.count()) > 1, "the demo has several series of up");
    await rows.nth(1).click();
    const pressed = await rows.evaluateAll((all) => all.map((row) => row.ariaPressed));
    assert.deepEqual(pressed.filter((state) => state === "true").length, 1);
  }));

test("the table shows values at the end of the range", () =>
  withPage({ fragment: "#demo" }, async ({ page }) => {
    await openExplore(page, "up");
    await page.getByRole("radio", { name: "Table" }).click();
    const table = page.getByRole("table", { name: "Values at the end of the range" });
    await expectText(table, "up{");
  }));

test("a selector that cannot be read is answered with its place", () =>
  withPage({ fragment: "#demo" }, async ({ page }) => {
    await waitUntilOpen(page);
    await show(page, "Explore");
    const field = page.getByRole("combobox", { name: "Selector" });
    await field.fill('up{job="');
    await field.press("Enter");
    await expectText(page.getByRole("alert").first(), "⚠");
  }));

test("the address holds the state: a second page shows the same", () =>
  withPage({ fragment: "#demo" }, async ({ page }) => {
    await openExplore(page, "up");
    const hash = new URL(page.url()).hash;
    assert.match(hash, /g0\.expr=up/);
    await page.reload();
    await waitUntilOpen(page);
    await page.getByRole("region", { name: "What was read" }).waitFor();
    assert.equal(new URL(page.url()).hash, hash);
  }));

/// Whether anything but one colour is on a canvas.
function hasInk(canvas) {
  return canvas.evaluate((element) => {
    const { width, height } = element;
    const pixels = element.getContext("2d").getImageData(0, 0, width, height).data;
    const colours = new Set();
    for (let at = 0; at < pixels.length && colours.size < 4; at += 4) {
      colours.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
    }
    return colours.size > 2;
  });
}
