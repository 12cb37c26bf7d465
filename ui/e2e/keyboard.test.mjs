import assert from "node:assert/strict";

import { shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world();
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute("aria-label") || "");

check("g and a letter go to a place, but not while one types", async ({ open }) => {
  const page = await open("/");
  await shown(page);
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.waitForURL("**/workflows");
  await page.getByLabel("Find workflows").focus();
  await page.keyboard.type("gr");
  assert.match(page.url(), /workflows\?find=gr/);
});

check("the question mark lists all keys, and Escape closes the list and gives the focus back", async ({ open }) => {
  const page = await open("/");
  await shown(page);
  await page.getByRole("link", { name: "Runs", exact: true }).focus();
  await page.keyboard.press("?");
  const list = page.getByRole("dialog", { name: "Keyboard" });
  await list.getByText("Search, go somewhere, do something").waitFor();
  await page.keyboard.press("Escape");
  await list.waitFor({ state: "detached" });
  assert.equal(await focused(page), "Runs");
});

check("the palette finds a workflow by a few letters and opens it", async ({ open }) => {
  const page = await open("/runs");
  await shown(page);
  await page.keyboard.press("Control+k");
  const search = page.getByPlaceholder("Where to, or what to do?");
  await search.waitFor();
  await page.getByRole("option", { name: "orders" }).waitFor();
  await search.fill("workflow order");
  await page.getByRole("option", { name: "orders", selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/workflows/orders");
  await search.waitFor({ state: "detached" });
});

check("the palette changes the theme, and the choice outlives a reload", async ({ open }) => {
  const page = await open("/");
  await shown(page);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Where to, or what to do?").fill("dark");
  await page.getByRole("option", { name: "Dark theme", selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
});

check("the first stop of the keyboard skips the navigation", async ({ open }) => {
  const page = await open("/workflows");
  await shown(page);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to the page");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "page");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.closest("main") !== null), true);
});

check("the keyboard goes through places, search and navigation in the order in which they stand", async ({ open }) => {
  const page = await open("/");
  await shown(page);
  const stops = [];
  for (let stop = 0; stop < 8; stop += 1) {
    await page.keyboard.press("Tab");
    stops.push(await focused(page));
  }
  assert.match(stops[1], /^Workspace and environmentmainprod/);
  assert.match(stops[2], /^Search or do/);
  assert.deepEqual(stops.slice(3), ["Home", "Workflows", "Runs", "Waiting", "Connections"]);
});

check("in a narrow window the navigation opens, leads on and closes", async ({ open }) => {
  const page = await open("/", { width: 390 });
  await shown(page);
  await page.getByRole("button", { name: "Navigation", exact: true }).click();
  await page.getByRole("link", { name: "Workflows", exact: true }).click();
  await page.waitForURL("**/workflows");
  await page.getByRole("link", { name: "Connections", exact: true }).waitFor({ state: "hidden" });
});
