import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  // What is left to do is read before it is closed.
  await page.getByRole("dialog", { name: "Imported" }).getByRole("button", { name: "Done" }).click();
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

check("a file that is too large to be imported is refused at once, with what to do, and the dialog goes on", async ({ open }) => {
  const page = await open("/workflows");
  await shown(page);
  const folder = await mkdtemp(join(tmpdir(), "fishplate-large-"));
  try {
    const large = join(folder, "everything.json");
    await writeFile(large, "");
    await truncate(large, 65 * 1024 * 1024);
    await page.getByRole("button", { name: "Import" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Import" });
    await dialog.locator("input[type=file]").setInputFiles(large);
    await dialog.getByText("The file has 68 MB, and an import takes at most 67 MB").waitFor();
    await dialog.getByText("Export fewer workflows at once, or split the file by workflow").waitFor();
    await dialog.getByRole("link", { name: "FP0005" }).waitFor();
    await dialog.locator("input[type=file]").setInputFiles({ name: "ping.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(N8N)) });
    await dialog.getByText("2 of 3 nodes run").waitFor();
  } finally {
    await rm(folder, { recursive: true });
  }
});

check("what is too large to be kept is told where it was typed, and nothing typed is lost", async ({ open, server }) => {
  const page = await open("/variables");
  await shown(page);
  await page.getByRole("button", { name: "New variable" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("large");
  await dialog.getByLabel("What it is for").fill("the whole catalogue");
  const value = dialog.getByRole("textbox", { name: "Value" });
  // The first is refused by what is kept, the second before it was heard to its end.
  for (const [size, reason] of [[1_100_000, /at most 1048576 are kept/], [6_000_000, /hung up while 6\.0 MB were sent|body is larger than/]]) {
    await value.fill("x".repeat(size));
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText(reason).waitFor();
    await dialog.getByRole("link", { name: "FP0005" }).waitFor();
    assert.equal((await value.inputValue()).length, size);
    assert.equal(await dialog.getByLabel("What it is for").inputValue(), "the whole catalogue");
  }
  await value.fill("small");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("large is saved").waitFor();
  assert.equal((await server.api("/variables/large")).spec.value, "small");
});

check("who sends a webhook more than it takes is told so, and no run begins", async ({ open, server }) => {
  const hook = { name: "Hook", type: "http.webhook", position: [0, 0], params: { path: "narrow", methods: ["POST"], bodyLimit: 100 } };
  await server.api("/workflows/narrow", { method: "PUT", body: { spec: { nodes: [hook], edges: [] } } });
  await server.api("/workflows/narrow/activate", { method: "POST", body: {} });
  const answer = await fetch(`${server.url}/hooks/main/prod/narrow`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ text: "x".repeat(200) }) });
  assert.equal(answer.status, 413);
  const problem = await answer.json();
  assert.equal(problem.code, "FP0005");
  assert.match(problem.hint, /raise the endpoint's body limit/);
  const page = await open("/runs?workflow=narrow");
  await page.getByText("No run is like that").waitFor();
});

check("a view of the run list is kept for whoever made it, and the palette leads to it", async ({ open }) => {
  const page = await open("/runs");
  await shown(page);
  const views = page.getByRole("navigation", { name: "Views" });
  await views.getByRole("link", { name: "Failed" }).click();
  await page.waitForURL(/status/);
  await page.getByRole("searchbox", { name: "Workflow" }).fill("orders");
  await page.getByRole("searchbox", { name: "Workflow" }).press("Enter");
  await page.waitForURL(/workflow=orders/);
  await page.getByRole("button", { name: "Save as view…" }).click();
  await page.keyboard.type("Failed orders");
  await page.keyboard.press("Enter");
  await views.getByRole("link", { name: "Failed orders" }).and(page.locator("[aria-current=page]")).waitFor();
  // Another browser of the same person has it too.
  const other = await open("/");
  await shown(other);
  await other.keyboard.press("ControlOrMeta+k");
  await other.getByRole("option", { name: "Failed orders" }).waitFor();
  await other.keyboard.type("failed ord");
  await other.keyboard.press("Enter");
  await other.waitForURL(/workflow=orders/);
  await other.getByRole("button", { name: "Acts on the view Failed orders" }).click();
  await other.getByRole("menuitem", { name: "Delete" }).click();
  await other.getByText("Failed orders is deleted").waitFor();
  assert.equal(await other.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Failed orders" }).count(), 0);
});

check("a dead letter that was put aside by mistake is open again by undo", async ({ open }) => {
  const page = await open("/waiting");
  await shown(page);
  const first = page.getByRole("checkbox", { name: /^Choose run_/ }).first();
  const name = await first.getAttribute("aria-label");
  await first.check();
  await page.getByRole("button", { name: "Put aside" }).last().click();
  await page.getByText("1 run put aside").waitFor();
  await page.getByRole("checkbox", { name, exact: true }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("checkbox", { name, exact: true }).waitFor();
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
