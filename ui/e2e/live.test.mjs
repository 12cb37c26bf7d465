//! How soon a page shows what the server knows, and that a cut of the line loses nothing.

import assert from "node:assert/strict";

import { shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world({ seeded: false });

const SPEC = {
  nodes: [
    { name: "Start", type: "core.manual", position: [0, 0] },
    { name: "Pause", type: "core.wait", position: [220, 0], params: { until: "interval", amount: 3, unit: "seconds" } },
    { name: "After", type: "core.noop", position: [440, 0] },
  ],
  edges: [{ from: "Start", to: "Pause" }, { from: "Pause", to: "After" }],
};

check("a run's page shows a step soon after it ended, and what a cut has hidden when it is over", async ({ open, server, t }) => {
  await server.api("/workflows/pauses", { method: "PUT", body: { spec: SPEC } });
  await server.api("/workflows/pauses/activate", { method: "POST", body: {} });
  const waits = async () => {
    const { run: id } = await server.api("/workflows/pauses/run", { method: "POST", body: {} });
    const page = await open(`/runs/${id}`);
    await shown(page);
    await page.getByRole("option", { name: /Pause/ }).waitFor();
    return { id, page };
  };
  const late = [];
  for (let round = 0; round < 5; round += 1) {
    const { id, page } = await waits();
    await page.evaluate(() => {
      const seen = new Promise((resolve) => {
        const watch = new MutationObserver(() => {
          if (![...document.querySelectorAll('[role="option"]')].some((row) => row.textContent?.includes("After") === true && row.textContent.includes("completed"))) return;
          watch.disconnect();
          resolve(Date.now());
        });
        watch.observe(document.body, { subtree: true, childList: true, characterData: true });
      });
      globalThis.seenAt = seen;
    });
    const seenAt = await page.evaluate(() => globalThis.seenAt);
    const run = await server.api(`/runs/${id}`);
    late.push(seenAt - run.endedAt);
    await page.context().close();
  }
  assert.ok(late.every((millis) => Number.isFinite(millis)), String(late));
  late.sort((a, b) => a - b);
  t.diagnostic(`from the end of the run to its last step on the page: ${late.join(", ")} ms`);
  // The browser is away while the run goes on; what it shows afterwards is the end.
  const { id, page } = await waits();
  await server.stop();
  await page.getByText(/cut|away|offline|connection/i).first().waitFor();
  await server.start();
  await page.getByRole("option", { name: /After.*completed/ }).waitFor({ timeout: 30_000 });
  assert.equal((await server.api(`/runs/${id}`)).status, "completed");
});
