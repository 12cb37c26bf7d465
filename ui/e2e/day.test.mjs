//! A day of somebody who builds automations, from the first start to a mended failure: once by mouse, once by keyboard.

import assert from "node:assert/strict";

import { placeIn } from "./lib/pages.mjs";
import { shop } from "./lib/shop.mjs";
import { world } from "./lib/world.mjs";

const check = world({ seeded: false });

const card = (page, name) => page.locator(".react-flow__node").filter({ hasText: name });
const saved = (page) => page.getByText("Draft saved").waitFor();
const opened = (page) => page.getByRole("dialog", { name: /^Node / });

/** Makes what was just published live, and waits until it is: the words of an earlier time may still stand there. */
const goesLive = async (page, act) => {
  await page.getByRole("button", { name: "Go live" }).waitFor();
  await act();
  await page.getByRole("button", { name: "Go live" }).waitFor({ state: "detached" });
};

/** Sends an order as the world outside would. */
const order = async (server, name) => {
  const answer = await fetch(`${server.url}/hooks/main/prod/${name}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ customer: "Ada" }) });
  return { status: answer.status, text: await answer.text() };
};

check("by mouse: first start, draw, run, see, break, find on Home, mend, retry, green", async ({ server, browser }) => {
  const services = await shop();
  try {
    const link = /\/join#fpl_[a-z0-9]+/.exec(server.log)[0];
    const page = await browser.page();
    await page.goto(server.app + link);
    await page.getByLabel("Email address").fill("ada@example.com");
    await page.getByLabel("Password", { exact: true }).fill("nine green bottles hang");
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByText("Welcome to Fishplate").waitFor();

    await page.getByRole("link", { name: "Workflows", exact: true }).click();
    await page.getByRole("button", { name: "New workflow" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("Orders by mouse");
    await page.getByRole("button", { name: "Create and draw" }).click();
    await page.getByRole("button", { name: "Add the first node" }).click();
    const choose = async (wanted) => {
      await page.getByRole("combobox", { name: "Search node types" }).fill(wanted);
      await page.getByRole("option").first().click();
      await opened(page).waitFor();
    };
    const close = async () => {
      await page.getByRole("button", { name: "Close the node" }).click();
      await opened(page).waitFor({ state: "detached" });
    };
    const drawTo = async (from, port, wanted) => {
      const source = await card(page, from).locator(".react-flow__handle.source").nth(port).boundingBox();
      await page.mouse.move(source.x + source.width / 2, source.y + source.height / 2);
      await page.mouse.down();
      await page.mouse.move(source.x + 130, source.y + 20 + port * 90, { steps: 8 });
      await page.mouse.up();
      await choose(wanted);
    };
    await choose("webhook");
    await page.getByRole("combobox", { name: "Answers" }).selectOption("respondNode");
    await close();
    await drawTo("Webhook", 0, "edit fields");
    await page.getByLabel("Name of field 1").fill("customer");
    await page.getByRole("button", { name: "Value 1 as expression" }).click();
    await page.getByRole("textbox", { name: "Value 1" }).click();
    await page.keyboard.insertText("{{ $json.body.customer }}");
    await close();
    await drawTo("Edit fields", 0, "if");
    await page.getByRole("button", { name: "Value 1 as expression" }).click();
    await page.getByRole("textbox", { name: "Value 1" }).click();
    await page.keyboard.insertText("{{ $json.customer }}");
    await page.getByLabel("Compared with 1", { exact: true }).fill("Ada");
    await close();
    await drawTo("If", 0, "http request");
    await page.getByRole("textbox", { name: /^URL/ }).fill(`${services.url}/price`);
    await close();
    await drawTo("HTTP request", 0, "respond");
    await close();
    await saved(page);
    await page.getByRole("button", { name: "Publish" }).click();
    await goesLive(page, () => page.getByRole("button", { name: "Go live" }).click());

    const first = await order(server, "orders-by-mouse");
    assert.deepEqual([first.status, JSON.parse(first.text)], [200, { price: 42 }]);
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    await page.getByRole("table", { name: "Runs" }).getByRole("row", { name: /orders-by-mouse/ }).getByRole("link").first().click();
    await page.waitForURL(/\/runs\/run_/);
    await page.getByRole("option", { name: /HTTP request/ }).click();
    await page.getByText("42").first().waitFor();

    // It breaks: the address is changed to one that is not there.
    await page.goto(`${server.app}/workflows/orders-by-mouse/edit`);
    const address = async (url) => {
      await card(page, "HTTP request").dblclick();
      await page.getByRole("textbox", { name: /^URL/ }).fill(url);
      await close();
      await saved(page);
      await page.getByRole("button", { name: "Publish" }).click();
      await goesLive(page, () => page.getByRole("button", { name: "Go live" }).click());
    };
    await address(`${services.url}/prices`);
    const second = await order(server, "orders-by-mouse");
    assert.equal(second.status, 500);

    await page.goto(server.app);
    await page.getByRole("link", { name: /orders-by-mouse/ }).first().click();
    await page.waitForURL(/\/runs\/run_/);
    const failed = page.url();
    await page.getByText(/404/).first().waitFor();
    await page.goto(`${server.app}/workflows/orders-by-mouse/edit`);
    await address(`${services.url}/price`);
    await page.goto(failed);
    await page.getByRole("button", { name: "More" }).last().click();
    await page.getByRole("menuitem", { name: "Retry on the newest revision" }).click();
    await page.getByText("completed").first().waitFor();
    await page.goto(server.app);
    await page.getByText("A run that fails for good appears here at once.").waitFor();
    assert.equal(services.asked.filter((path) => path === "/price").length, 2);
  } finally {
    await services.end();
  }
});

check("by keyboard only: first start, draw, run, see, break, find on Home, mend, retry, green", async ({ server, browser }) => {
  const services = await shop();
  try {
    const { url: link } = await server.api("/users/owner-link", { method: "POST" });
    const page = await browser.page();
    const keys = page.keyboard;
    /** Moves the focus with the tab key until it stands on what has this name. */
    const tabTo = async (wanted) => {
      for (let count = 0; count < 150; count += 1) {
        const found = await page.evaluate(() => {
          const at = document.activeElement;
          return [at?.getAttribute("aria-label"), at?.labels?.[0]?.textContent, at?.textContent].map((text) => text?.trim() ?? "");
        });
        if (found.some((text) => (wanted instanceof RegExp ? wanted.test(text) : text === wanted))) return;
        await keys.press("Tab");
      }
      throw new Error(`the tab key never came to ${wanted}`);
    };
    const pressUntil = async (key, done) => {
      for (let count = 0; count < 20; count += 1) {
        if (await done()) return;
        await keys.press(key);
      }
      throw new Error(`${key} never led to what was wanted`);
    };
    const press = async (wanted) => {
      await tabTo(wanted);
      await keys.press("Enter");
    };
    const type = async (wanted, text) => {
      await tabTo(wanted);
      await keys.press("Control+a");
      await keys.insertText(text);
    };
    const command = async (words, option) => {
      await keys.press("Control+k");
      await page.getByPlaceholder("Where to, or what to do?").waitFor();
      await keys.type(words);
      await page.getByRole("option", { name: option, selected: true }).waitFor();
      await keys.press("Enter");
    };
    const leave = async () => {
      await keys.press("Escape");
      await opened(page).waitFor({ state: "detached" });
    };
    const add = async (wanted) => {
      await keys.press("n");
      await page.getByRole("combobox", { name: "Search node types" }).waitFor();
      await keys.type(wanted);
      await keys.press("Enter");
      await opened(page).waitFor();
    };
    const said = (text) => page.getByText(text).first().waitFor();

    await page.goto(server.app + new URL(link).pathname + new URL(link).hash);
    await page.getByRole("heading", { name: "Become the owner" }).waitFor();
    await type("Email address", "keys@example.com");
    await type("Your name", "Kay");
    await type("Password", "nine green bottles hang");
    await keys.press("Enter");
    await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();

    await keys.press("g");
    await keys.press("w");
    await page.waitForURL("**/workflows");
    await page.getByRole("heading", { name: "Workflows", level: 1 }).waitFor();
    await press("New workflow");
    await page.getByRole("dialog", { name: "New workflow" }).waitFor();
    await type("Name", "Orders by keys");
    await keys.press("Enter");
    await page.getByRole("toolbar", { name: "Editor" }).waitFor();
    await page.locator(".ed").focus();
    await add("webhook");
    await tabTo("Answers");
    // A list is moved through with arrow keys until it says what is wanted.
    await pressUntil("ArrowDown", async () => (await page.evaluate(() => document.activeElement?.value)) === "respondNode");
    await leave();
    await add("edit fields");
    await type("Name of field 1", "customer");
    await type("Value 1", "Ada");
    await leave();
    await add("if");
    await type("Value 1", "x");
    await type("Compared with 1", "x");
    await leave();
    await add("http request");
    await type(/^URL\W*$/, `${services.url}/price`);
    await leave();
    await add("respond");
    await leave();
    await saved(page);
    await press("Publish");
    await goesLive(page, () => press("Go live"));
    const first = await order(server, "orders-by-keys");
    assert.deepEqual([first.status, JSON.parse(first.text)], [200, { price: 42 }]);

    await command("runs", /^Runs/);
    await page.waitForURL((url) => placeIn(url) === "/runs");
    await page.getByRole("table", { name: "Runs" }).getByRole("link", { name: "orders-by-keys" }).first().waitFor();
    await press("orders-by-keys");
    await page.waitForURL(/\/runs\/run_/);
    const steps = page.getByRole("listbox", { name: "Steps" });
    await steps.waitFor();
    await pressUntil("Tab", () => page.evaluate(() => document.activeElement?.getAttribute("role") === "listbox"));
    await keys.press("Home");
    for (const name of ["Webhook", "Edit fields", "If", "HTTP request"]) {
      if (name !== "Webhook") await keys.press("ArrowDown");
      await page.getByRole("option", { name, selected: true }).waitFor();
    }
    await said("42");

    const change = async (url) => {
      await command("workflow orders-by-keys", /orders-by-keys/);
      await page.waitForURL((place) => placeIn(place) === "/workflows/orders-by-keys");
      await page.getByRole("heading", { level: 1 }).waitFor();
      await press("Open the editor");
      await page.getByRole("toolbar", { name: "Editor" }).waitFor();
      await page.locator(".ed").focus();
      await pressUntil("]", async () => (await page.locator('.ed-card[data-selected="true"]', { hasText: "HTTP request" }).count()) > 0);
      await keys.press("Enter");
      await opened(page).waitFor();
      await type(/^URL\W*$/, url);
      await leave();
      await saved(page);
      await press("Publish");
      await goesLive(page, () => press("Go live"));
    };
    await change(`${services.url}/prices`);
    assert.equal((await order(server, "orders-by-keys")).status, 500);
    await command("home", /^Home/);
    await page.waitForURL((url) => placeIn(url) === "/");
    await page.getByRole("link", { name: /orders-by-keys/ }).first().waitFor();
    await press(/^orders-by-keys/);
    await page.waitForURL(/\/runs\/run_/);
    const failed = new URL(page.url()).pathname;
    await said(/404/);
    await change(`${services.url}/price`);
    await command("home", /^Home/);
    await page.waitForURL((url) => placeIn(url) === "/");
    await page.getByRole("link", { name: /orders-by-keys/ }).first().waitFor();
    await press(/^orders-by-keys/);
    await page.waitForURL((url) => url.pathname === failed);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await press("More");
    await page.getByRole("menuitem", { name: "Retry on the newest revision" }).waitFor();
    await pressUntil("ArrowDown", async () => (await page.evaluate(() => document.activeElement?.textContent)) === "Retry on the newest revision");
    await keys.press("Enter");
    await page.getByText("Completed", { exact: true }).first().waitFor();
    await command("home", /^Home/);
    await said("A run that fails for good appears here at once.");
  } finally {
    await services.end();
  }
});
