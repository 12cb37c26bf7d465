//! An account in use: how its calls go, and a person's hand on them.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { world } from "./lib/world.mjs";

const check = world({ seeded: false });

/** A service that states its quota, and says at `/broken` that it cannot now. */
async function service() {
  let left = 10;
  const server = createServer((request, response) => {
    left -= 1;
    response.writeHead(request.url === "/broken" ? 503 : 200, { "ratelimit-limit": "10", "ratelimit-remaining": String(left), "ratelimit-reset": "3000" });
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    end: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

async function connect(server, name, more = {}) {
  await server.api(`/connections/${name}`, { method: "PUT", body: { spec: { auth: { type: "bearer" }, hosts: ["127.0.0.1"], allowPrivate: true, ...more } } });
  await server.api(`/connections/${name}/secrets/token`, { method: "PUT", body: { value: "good" } });
}

check("an account shows how its calls go, and calls are held back by hand and let go again", async ({ open, server }) => {
  const { url, end } = await service();
  await connect(server, "shop");
  const page = await open("/connections/shop");
  const health = page.locator("section").filter({ has: page.getByRole("heading", { name: "Health" }) });
  await health.getByText("No call yet since this server began").waitFor();

  for (const path of ["/price", "/price", "/broken"]) await server.api("/connections/shop/test", { method: "POST", body: { url: url + path } });
  // Nobody reloads the page.
  await health.getByText("1 of 3 calls").waitFor();
  await health.getByText("7 of 10").waitFor();
  await health.getByText("the service answered 503; 1 in all").waitFor();
  assert.equal(await health.getByRole("meter", { name: "Quota left" }).getAttribute("aria-valuenow"), "7");

  await health.getByRole("button", { name: "Hold back" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Hold them back" }).click();
  await health.getByRole("status").getByText("Held back by hand").waitFor();
  assert.equal((await server.api("/connections/shop/health")).breaker, "heldOpen");
  await page.getByRole("button", { name: "Undo" }).click();
  await health.getByRole("status").getByText("Calls pass").waitFor();
  assert.equal((await server.api("/connections/shop/health")).breaker, "closed");
  assert.deepEqual(page.faults, []);
  await end();
});

check("services show their pictures, and a letter or a sign where there is none", async ({ open, server }) => {
  await connect(server, "sheets", { connector: "google-sheets" });
  await connect(server, "plain");
  const page = await open("/connections");
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
  const picture = row("sheets").locator("img");
  await picture.waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll("main img")].every((image) => image.complete && image.naturalWidth > 0));
  assert.deepEqual(await picture.evaluate((image) => [image.width, image.height]), [18, 18]);
  assert.equal(await row("plain").locator("img").count(), 0);

  await page.getByRole("button", { name: "New connection" }).click();
  const slack = page.getByRole("dialog").getByRole("option", { name: /^Slack/ });
  await slack.scrollIntoViewIfNeeded();
  await slack.locator("img").evaluate((image) => image.decode());
  assert.deepEqual(page.faults, []);
});
