import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { looker, PAGES, shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const check = world();

for (const place of PAGES) {
  check(`${place.name} shows without errors and is accessible in both themes, wide and narrow`, async ({ open, seed, server }) => {
    const faults = [];
    for (const theme of ["light", "dark"]) {
      for (const width of [1440, 390]) {
        const page = await open(place.path(seed), { theme, width, ...looker(place, seed, server) });
        await shown(page, place);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wider > 0) faults.push(`${theme} ${width}: the page is ${wider} px wider than its window`);
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        for (const found of violations.filter(({ impact }) => impact === "serious" || impact === "critical")) {
          const where = found.nodes.slice(0, 4).map((node) => `${node.html.slice(0, 160)}\n      ${node.failureSummary?.split("\n").slice(1).join(" ")}`);
          faults.push(`${theme} ${width}: ${found.id}: ${found.help}\n    ${where.join("\n    ")}`);
        }
        faults.push(...page.faults.map((fault) => `${theme} ${width}: ${fault}`));
        await page.context().close();
      }
    }
    if (faults.length > 0) assert.fail(`${faults.length} faults\n${faults.join("\n")}`);
  });
}
