import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";

import { receiver } from "./lib/receiver.mjs";
import { placeIn } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world({ seeded: false });

check("an event type is made, a subscriber added, a test sent, and it is seen delivered", async ({ open, t }) => {
  const others = await receiver();
  t.after(() => others.end());
  const page = await open("/webhooks");
  await page.getByText("Nobody hears of anything yet").waitFor();
  await page.getByRole("link", { name: "Make an event type" }).click();

  await page.getByRole("button", { name: "New event type" }).first().click();
  const type = page.getByRole("dialog", { name: "New event type" });
  await type.getByLabel("Name", { exact: true }).fill("invoice.paid");
  await type.getByLabel("What happened then").fill("An invoice was paid in full.");
  await type.getByLabel("Example (optional)").fill('{ "id": 7, "amount": 120 }');
  await type.getByRole("button", { name: "From the example" }).click();
  await type.getByText("The example is as the schema says.").waitFor();
  await type.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "invoice.paid", exact: true }).waitFor();

  await page.getByRole("navigation", { name: "Webhooks" }).getByRole("link", { name: "Subscribers" }).click();
  await page.getByLabel("Step 1, done").waitFor();
  await page.getByRole("button", { name: "Add a subscriber" }).first().click();
  const subscriber = page.getByRole("dialog", { name: "Add a subscriber" });
  await subscriber.getByLabel("Address").fill(`${others.url}/hooks`);
  await subscriber.getByLabel("Name", { exact: true }).fill("crm");
  await subscriber.getByRole("radio", { name: "Only those that are chosen" }).check();
  await subscriber.getByRole("checkbox", { name: /^invoice\.\*/ }).check();
  await subscriber.getByRole("button", { name: "Add it" }).click();
  await page.getByRole("heading", { level: 1, name: "crm" }).waitFor();
  assert.equal(placeIn(page.url()), "/webhooks/subscribers/crm");

  await page.getByRole("button", { name: "Show the key" }).click();
  const key = await page.getByText(/^whsec_/).textContent();
  await page.getByRole("button", { name: "Send a test…" }).first().click();
  const test = page.getByRole("dialog", { name: "Send a test to crm" });
  await test.getByLabel("Event").selectOption("invoice.paid");
  await test.getByRole("button", { name: "Send it" }).click();
  await page.getByRole("cell", { name: "Delivered" }).waitFor();
  await page.getByRole("button", { name: "invoice.paid" }).click();
  const delivery = page.getByRole("dialog", { name: "invoice.paid" });
  await delivery.getByText("Answered 200", { exact: true }).waitFor();
  assert.equal(others.got.length, 1);
  assert.equal(await delivery.getByRole("region", { name: "Body" }).textContent(), others.got[0].body);
  assert.deepEqual(JSON.parse(others.got[0].body).data, { id: 7, amount: 120 });
  await delivery.getByRole("button", { name: "Send again" }).click();
  await delivery.getByText(/^try 2 ·/).waitFor();
  await page.keyboard.press("Escape");

  // The signature is that of the key which the page shows.
  const { body, headers } = others.got[0];
  const made = createHmac("sha256", Buffer.from(key.slice("whsec_".length), "base64")).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
  assert.equal(headers["webhook-signature"], `v1,${made}`);
  assert.deepEqual(page.faults, []);
});

check("a customer adds an endpoint in a frame of another site, without an account and without what belongs to others", async ({ browser, open, server, t }) => {
  const others = await receiver();
  t.after(() => others.end());
  const made = await server.api("/portal-passes", { method: "POST", body: { customer: "acme", theme: { title: "Shop hooks", accent: "#7a3cff", mode: "dark", radius: 14 } } });
  // The page of a product, at another origin than the portal.
  const product = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<!doctype html><title>Shop</title><iframe title="Webhooks" src="${server.app}/portal${new URL(made.url).hash}" style="border:0;width:360px;height:700px"></iframe>`);
  });
  await new Promise((resolve) => product.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise((resolve) => { product.close(resolve); product.closeAllConnections(); }));

  const page = await browser.page({});
  // Browsers that keep nothing for frames of other sites refuse even to be asked.
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  const asked = [];
  page.on("request", (request) => { if (new URL(request.url()).pathname.startsWith("/api/")) asked.push(new URL(request.url()).pathname); });
  await page.goto(`http://localhost:${product.address().port}/`);
  const frame = page.frameLocator("iframe");
  await frame.getByRole("heading", { level: 1, name: "Shop hooks" }).waitFor();
  await frame.getByRole("button", { name: "Add an endpoint" }).click();
  const dialog = frame.getByRole("dialog", { name: "Add an endpoint" });
  await dialog.getByLabel("Address").fill(`${others.url}/broken`);
  await dialog.getByRole("button", { name: "Add it" }).click();
  await frame.getByRole("heading", { level: 2, name: `${others.url}/broken` }).waitFor();
  await frame.getByRole("button", { name: "Send a test…" }).click();
  await frame.getByRole("dialog").getByRole("button", { name: "Send it" }).click();
  await frame.getByRole("cell", { name: "Trying again" }).waitFor();
  await frame.getByRole("button", { name: "test", exact: true }).click();
  await frame.getByRole("dialog", { name: "test" }).getByText("the database is away").first().waitFor();
  const inner = page.frames().find((one) => one.url().includes("/portal"));
  assert.equal(await inner.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "it fits into 360 pixels");
  assert.equal(await inner.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--corner-base")), "14px");
  assert.equal(new URL(inner.url()).pathname, "/portal", "a reload must find the page that frames may show");
  assert.ok(asked.length > 0);
  assert.deepEqual(asked.filter((path) => !/^\/api\/v1\/portal(\/|$)/.test(path)), []);
  const { items } = await server.api("/subscribers");
  assert.deepEqual(items.filter(({ spec }) => spec.customer === "acme").map(({ spec }) => spec.url), [`${others.url}/broken`]);
  assert.deepEqual(page.faults, []);

  const closed = await open(`/portal#fpp_damaged.x`, { token: undefined });
  await closed.getByRole("heading", { name: "This link opens nothing" }).waitFor();
  assert.deepEqual(closed.faults.filter((fault) => !fault.includes("401")), []);
});
