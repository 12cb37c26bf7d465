//! Figures with 100,000 stored runs. Nothing here passes or fails by time: what is printed is for people to compare.
//! FISHPLATE_RUNS=1000 makes it short.

import assert from "node:assert/strict";

import { shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const RUNS = Number(process.env.FISHPLATE_RUNS ?? 100_000);
const LANES = 64;
const check = world();
const say = (what, millis) => console.log(`${what.padEnd(58)} ${String(Math.round(millis)).padStart(7)} ms`);

/** Calls the webhook until so many runs are stored; one in fifty fails. */
async function fill(server) {
  let next = 0;
  const lane = async () => {
    while (next < RUNS) {
      next += 1;
      const amount = next % 50 === 0 ? "many" : next;
      const answer = await fetch(`${server.url}/webhook/orders`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ amount }) });
      await answer.arrayBuffer();
      // Each refused call would make the store smaller than the figures say.
      if (typeof amount === "number") assert.equal(answer.status, 200);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: LANES }, lane));
  say(`${RUNS.toLocaleString("en-US")} runs by HTTP`, performance.now() - began);
}

/**
 * How long it takes, in the page's own clock, from the press of the pointer until an expression holds and is painted.
 * What the driver does before it presses, and how often it looks, is no part of it.
 */
const timed = async (page, act, holds) => {
  // As text: what is given to a page as an argument cannot be a function.
  await page.evaluate(`(${watch})(${holds})`);
  await act();
  return page.evaluate(() => globalThis.timed_);
};

function watch(holds) {
  globalThis.timed_ = new Promise((done) => {
    const pressed = ({ timeStamp }) => {
      const changes = new MutationObserver(() => {
        if (!holds()) return;
        changes.disconnect();
        // A task that is asked for in a frame comes after the frame's painting.
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - timeStamp)));
      });
      changes.observe(document.body, { subtree: true, childList: true, characterData: true });
    };
    addEventListener("pointerdown", pressed, { capture: true, once: true });
  });
}

check("figures of the home page and the run list with many runs", async ({ open, server }) => {
  await fill(server);
  const page = await open("/");
  await shown(page);
  const home = await page.evaluate(() => {
    const [load] = performance.getEntriesByType("navigation");
    return { document: load.domContentLoadedEventEnd, paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0, now: performance.now() };
  });
  say("home, cold: document", home.document);
  say("home, cold: first contentful paint", home.paint);
  say("home, cold: everything shown", home.now);

  const rows = () => document.querySelectorAll('[role="rowgroup"] [role="row"]').length > 5;
  say("run list: from home to its first rows", await timed(page, () => page.getByRole("link", { name: "Runs", exact: true }).first().click(), rows));
  const list = page.getByRole("rowgroup", { name: "Rows" });
  const frames = await list.evaluate(async (scroller) => {
    const gaps = [];
    let last = performance.now();
    for (let step = 0; step < 240; step += 1) {
      scroller.scrollTop += 180;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }
    gaps.sort((a, b) => a - b);
    return { median: gaps[120], p95: gaps[228], worst: gaps.at(-1), at: scroller.scrollTop };
  });
  assert.ok(frames.at > 5_000, "the list did not read older runs while it was scrolled");
  say("run list: a frame of scrolling, median", frames.median);
  say("run list: a frame of scrolling, 95th of 100", frames.p95);
  say("run list: a frame of scrolling, worst of 240", frames.worst);
  const onlyFailed = () => {
    const shownRows = [...document.querySelectorAll('[role="rowgroup"] [role="row"]')];
    return shownRows.length > 5 && shownRows.every((row) => row.textContent.includes("Failed"));
  };
  say("run list: filtered to failed", await timed(page, () => page.getByRole("button", { name: "failed", exact: true }).click(), onlyFailed));
  const other = await open("/runs?workflow=greeting");
  await shown(other);
  say("run list: opened with a filter that few runs of many meet", await other.evaluate(() => performance.now()));
});
