// The first screen, before a directory: three ways in, and that nothing is uploaded.

import { test } from "node:test";
import { assertAccessible } from "./harness/accessibility.mjs";
import { BROWSER } from "./harness/browsers.mjs";
import { expectText } from "./harness/expect.mjs";
import { withPage } from "./harness/session.mjs";

for (const width of [1440, 390]) {
  for (const theme of ["light", "dark"]) {
    test(`the first screen at ${width} px, ${theme}`, () =>
      withPage({ width, theme }, async ({ page, picture }) => {
        const main = page.getByRole("main");
        await expectText(main, "Nothing is uploaded.");
        await page.getByRole("button", { name: "Open the demo" }).waitFor();
        if (BROWSER === "firefox") {
          // It has no dialog for directories; its input for them speaks of an upload.
          await expectText(main, "dialog will say “upload”");
          await page.locator("label:has(#open-folder[webkitdirectory])").waitFor();
        }
        await page.locator("#open-archive").waitFor({ state: "attached" });
        await assertAccessible(page);
        await picture(`first-screen-${width}-${theme}`);
      }));
  }
}
