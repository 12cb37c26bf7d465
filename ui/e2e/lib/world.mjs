//! What every browser test stands on: one server and one browser for each file, fresh pages for each test.

import { after, before, test } from "node:test";

import { Browser } from "./browser.mjs";
import { seed } from "./seed.mjs";
import { Server } from "./server.mjs";

/** Declares the server and browser of a file, and gives what declares its tests. */
export function world({ seeded = true } = {}) {
  const all = { server: null, browser: null, seed: null };
  before(async () => {
    all.server = await Server.begin();
    if (seeded) all.seed = await seed(all.server);
    all.browser = await Browser.begin();
  });
  after(async () => {
    await all.browser?.end();
    await all.server?.end();
  });
  /** A test with pages of its own; `open` gives one that is signed in. */
  return (name, run) =>
    test(name, async (t) => {
      let failed = true;
      const open = async (path, options = {}) => {
        const page = await all.browser.page({ token: all.server.token, ...options });
        await page.goto(all.server.app + path);
        return page;
      };
      try {
        await run({ ...all, open, t });
        failed = false;
      } finally {
        await all.browser.settle(name, failed);
      }
    });
}
