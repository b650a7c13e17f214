// The bundled demo directory: opened by its address and by its button, looked at, zoomed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAccessible } from "./harness/accessibility.mjs";
import { show, waitUntilOpen } from "./harness/actions.mjs";
import { expectChange, expectText } from "./harness/expect.mjs";
import { withPage } from "./harness/session.mjs";

for (const width of [1440, 390]) {
  for (const theme of ["light", "dark"]) {
    test(`the demo's overview at ${width} px, ${theme}`, () =>
      withPage({ width, theme, fragment: "#demo" }, async ({ page, picture }) => {
        await waitUntilOpen(page);
        const overview = page.getByRole("region", { name: "Overview", exact: true });
        await expectText(overview.getByRole("heading", { level: 1 }), "5 blocks");
        await assertAccessible(page);
        await picture(`overview-${width}-${theme}`);
      }));
  }
}

test("the button opens the demo, and selecting a block shows its facts", () =>
  withPage({}, async ({ page, picture }) => {
    await page.getByRole("button", { name: "Open the demo" }).click();
    await waitUntilOpen(page);
    const table = page.getByRole("table", { name: "Blocks, head and logs" });
    const block = table.locator("tbody tr.row").filter({ hasText: /01[0-9A-Z]{5}/ }).first();
    await block.click();
    const details = page.getByRole("region", { name: "Details", exact: true });
    await expectText(details, /series/i);
    await expectText(details, /chunks/i);
    await expectChange("", () => new URL(page.url()).hash.match(/at=[^&]+/)?.[0] ?? "");
    await assertAccessible(page);
    await picture("block-selected");
  }));

test("time zooms by wheel and key, and comes back whole", () =>
  withPage({ fragment: "#demo" }, async ({ page }) => {
    await waitUntilOpen(page);
    const ruler = page.getByRole("slider", { name: "Time ruler" });
    const range = () => ruler.getAttribute("aria-valuetext");
    const whole = await range();
    await ruler.hover();
    await page.mouse.wheel(0, -300);
    const near = await expectChange(whole, range);
    await ruler.focus();
    await ruler.press("+");
    await expectChange(near, range);
    await ruler.press("0");
    await page.waitForTimeout(500); // the range glides
    assert.equal(await range(), whole);
  }));

test("findings are told apart from health", () =>
  withPage({ fragment: "#demo" }, async ({ page, picture }) => {
    await waitUntilOpen(page);
    await show(page, "Findings");
    await assertAccessible(page);
    await picture("findings-demo");
  }));
