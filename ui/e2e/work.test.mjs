import assert from "node:assert/strict";

import { placeIn, shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world();

const N8N = {
  name: "Ping the shop",
  nodes: [
    { id: "a", name: "When clicking", type: "n8n-nodes-base.manualTrigger", typeVersion: 1, position: [0, 0], parameters: {} },
    { id: "b", name: "Ping", type: "n8n-nodes-base.httpRequest", typeVersion: 4.2, position: [220, 0], parameters: { url: "https://shop.example.com/ping", options: {} } },
    { id: "c", name: "Tell", type: "n8n-nodes-base.someThingNobodyKnows", typeVersion: 1, position: [440, 0], parameters: {} },
  ],
  connections: {
    "When clicking": { main: [[{ node: "Ping", type: "main", index: 0 }]] },
    Ping: { main: [[{ node: "Tell", type: "main", index: 0 }]] },
  },
  settings: {},
};

check("a file of n8n that is dropped on the page is looked into, reported on and imported", async ({ open, server }) => {
  const page = await open("/workflows");
  await shown(page);
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "ping.json", { type: "application/json" }));
    return transfer;
  }, JSON.stringify(N8N));
  const target = page.getByRole("heading", { name: "Workflows", level: 1 });
  await target.dispatchEvent("dragover", { dataTransfer: dropped });
  await target.dispatchEvent("drop", { dataTransfer: dropped });
  const dialog = page.getByRole("dialog", { name: "Import" });
  await dialog.getByText("2 of 3 nodes run").waitFor();
  await dialog.getByText("n8n-nodes-base.someThingNobodyKnows").first().waitFor();
  const before = await server.api("/workflows");
  assert.ok(!before.items.some(({ name }) => name.startsWith("ping")), "looking into a file must not write");
  await dialog.getByRole("button", { name: "Import 1 file" }).click();
  await page.getByText(/\d+ resources? imported/).waitFor();
  await page.getByRole("link", { name: "ping-the-shop" }).waitFor();
});

check("a file that is none is refused in words", async ({ open }) => {
  const page = await open("/workflows");
  await shown(page);
  await page.getByRole("button", { name: "Import" }).first().click();
  await page.locator("input[type=file]").setInputFiles({ name: "notes.json", mimeType: "application/json", buffer: Buffer.from("{ not json") });
  await page.getByRole("dialog").getByText(/FP\d{4}/).first().waitFor();
});

check("the filter of the run list is in the address, and the back button brings the page before it", async ({ open }) => {
  const page = await open("/");
  await shown(page);
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  const table = page.getByRole("table", { name: "Runs" });
  await table.getByRole("link", { name: "greeting" }).first().waitFor();
  await page.getByRole("button", { name: "failed", exact: true }).click();
  await page.waitForURL(/status/);
  await table.getByRole("link", { name: "greeting" }).first().waitFor({ state: "detached" });
  const run = table.getByRole("link", { name: "orders" }).first();
  await run.click();
  await page.waitForURL(/\/runs\/[^?]+$/);
  await page.goBack();
  await page.waitForURL(/runs\?.*status.*failed/);
  await page.getByRole("button", { name: "failed", exact: true, pressed: true }).waitFor();
  // A link that is sent to somebody else shows the same.
  const other = await open(new URL(page.url()).pathname + new URL(page.url()).search);
  await other.getByRole("button", { name: "failed", exact: true, pressed: true }).waitFor();
  await page.goBack();
  await page.waitForURL((url) => placeIn(url) === "/");
});

check("an address that leads nowhere says so", async ({ open }) => {
  const page = await open("/no/such/place");
  await page.getByText("There is nothing at this address").waitFor();
});

check("when the server stops the page says so, loses nothing that was typed, and goes on when it is back", async ({ open, server }) => {
  const page = await open("/workflows");
  await shown(page);
  await page.getByRole("link", { name: "greeting" }).waitFor();
  await page.getByLabel("Find workflows").fill("greet");
  const banner = page.getByText("The server does not answer.");
  await server.stop();
  await banner.waitFor();
  assert.equal(await page.getByLabel("Find workflows").inputValue(), "greet");
  await page.getByRole("link", { name: "greeting" }).waitFor();
  await server.start();
  // The pause before the next try grows up to a quarter of a minute.
  await banner.waitFor({ state: "detached", timeout: 40_000 });
  assert.equal(await page.getByLabel("Find workflows").inputValue(), "greet");
  // News come again: what another writes appears without a reload.
  await server.api("/workflows/greet-again", { method: "PUT", body: { spec: { nodes: [], edges: [] } } });
  await page.getByRole("link", { name: "greet-again" }).waitFor();
});
