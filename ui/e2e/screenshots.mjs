//! Takes a picture of every page in both themes for the documentation: `npm run screenshots`.

import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { Browser } from "./lib/browser.mjs";
import { looker, PAGES, shown } from "./lib/pages.mjs";
import { seed } from "./lib/seed.mjs";
import { Server } from "./lib/server.mjs";

const folder = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const BUDGET = 3 * 1024 * 1024;

const server = await Server.begin();
const browser = await Browser.begin();
try {
  const found = await seed(server);
  await mkdir(folder, { recursive: true });
  // Pictures of pages that are no more would stay for ever.
  for (const old of await readdir(folder)) if (/\.(webp|png)$/.test(old)) await rm(folder + old);
  let total = 0;
  for (const place of PAGES) {
    for (const theme of ["light", "dark"]) {
      const page = await browser.page({ theme, ...looker(place, found, server) });
      await page.goto(server.app + place.path(found));
      await shown(page, place);
      // Chromium writes WebP by its own protocol only.
      const protocol = await page.context().newCDPSession(page);
      const { data } = await protocol.send("Page.captureScreenshot", { format: "webp", quality: 80 });
      const file = `${folder}${place.name}-${theme}.webp`;
      await writeFile(file, Buffer.from(data, "base64"));
      total += (await stat(file)).size;
      await page.context().close();
    }
  }
  console.log(`${PAGES.length * 2} pictures in docs/screenshots, ${(total / 1024).toFixed(0)} KiB`);
  if (total > BUDGET) throw new Error(`they are larger than ${BUDGET / 1024 / 1024} MiB`);
} finally {
  await browser.end();
  await server.end();
}
