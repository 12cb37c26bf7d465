//! Nodes in the editor: how they are found, how their forms follow what is chosen, and how what n8n's nodes became is told.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

import { world } from "./lib/world.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const check = world();

/** A workflow whose draft holds these nodes behind a trigger with one pinned item. */
async function draft(server, name, nodes) {
  const start = { name: "Start", type: "core.manual", position: [0, 0], pinned: [{ json: { id: 17, name: "Ada", mail: "ada@example.com" } }] };
  await server.api(`/workflows/${name}`, { method: "PUT", body: { spec: { nodes: [start] } } });
  const listens = (type) => /trigger$|^core\.(manual|schedule|called)$|^http\.webhook$|^core\.note$/.test(type);
  const spec = { nodes: [start, ...nodes.map((node, at) => ({ position: [240, at * 120], ...node }))], edges: nodes.filter((node) => !listens(node.type)).map((node) => ({ from: "Start", to: node.name })) };
  await server.api(`/workflows/${name}/draft`, { method: "PUT", body: { spec } });
}

const saved = async (page) => page.getByText("Draft saved").waitFor();
const paramsOf = async (server, name, node) => (await server.api(`/workflows/${name}/draft`)).spec.nodes.find((one) => one.name === node).params ?? {};
const labels = (panel) => panel.locator(".ed-form .ed-label label, .ed-form .ed-label > h4").allInnerTexts();

/** All that is built in, and of each service what asks for most: its forms are made of the same parts. */
function oneEach(types) {
  const of = new Map();
  const asks = (type) => Object.keys(type.params.properties ?? {}).length;
  for (const type of types) {
    const key = type.provider.startsWith("connector:") ? type.provider : type.id;
    if (!of.has(key) || asks(of.get(key)) < asks(type)) of.set(key, type);
  }
  return [...of.values()];
}

for (const theme of ["light", "dark"]) {
  check(`the form of every kind of node is accessible and fits its column, ${theme}`, async ({ open, server }) => {
    const types = oneEach((await server.api("/node-types")).items.filter((type) => type.group !== "note"));
    await draft(server, `all-${theme}`, types.map((type) => ({ name: type.id, type: type.id })));
    const page = await open("/", { theme });
    const faults = [];
    for (const type of types) {
      await page.goto(`${server.app}/workflows/all-${theme}/edit?node=${type.id}`);
      const panel = page.getByRole("dialog", { name: `Node ${type.id}`, exact: true });
      await panel.waitFor();
      for (const fold of await panel.locator(".ed-form > details.ed-more > summary").all()) await fold.click();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document.querySelector(".ed-open"), { resultTypes: ["violations"] }));
      faults.push(...violations.map((found) => `${type.id}: ${found.id}: ${found.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" ")}`));
      if (await panel.locator(".ed-params").evaluate((column) => column.scrollWidth > column.clientWidth)) faults.push(`${type.id}: its form is wider than its column`);
    }
    assert.deepEqual(faults, []);
    // The workflow was never live, so the page asks in vain whether it is; and the token that the test puts into every page finds no storage in the preview of a form.
    assert.deepEqual(page.faults.filter((fault) => !/activation|status of 404|document is sandboxed/.test(fault)), []);
  });
}

check("a form shows what counts for the chosen operation, and a login is made without leaving it", async ({ open, server }) => {
  await draft(server, "database", [{ name: "Base", type: "db.postgres" }]);
  const page = await open("/workflows/database/edit?node=Base");
  const panel = page.getByRole("dialog", { name: "Node Base" });
  await panel.getByLabel("Operation", { exact: true }).selectOption("executeQuery");
  assert.deepEqual((await labels(panel)).slice(0, 3), ["Operation", "SQL", "Values of $1, $2 …"]);
  assert.equal(await panel.getByLabel("Table", { exact: true }).count(), 0);
  await panel.getByRole("textbox", { name: "SQL" }).click();
  await page.keyboard.type("SELECT * FROM orders WHERE id = $1");
  await panel.getByRole("button", { name: "Add $1 to the values" }).click();
  await panel.getByRole("textbox", { name: "Value of $1" }).fill("17");
  await panel.getByLabel("Operation", { exact: true }).selectOption("select");
  await panel.getByLabel("Table", { exact: true }).fill("orders");
  assert.equal(await panel.getByRole("textbox", { name: "SQL" }).count(), 0);
  await panel.getByRole("spinbutton", { name: "At most" }).waitFor();
  await panel.getByRole("switch", { name: "All rows" }).check();
  assert.equal(await panel.getByRole("spinbutton", { name: "At most" }).count(), 0);

  await panel.getByRole("button", { name: "New connection" }).click();
  const dialog = page.getByRole("dialog", { name: "New connection" });
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("warehouse");
  await dialog.getByLabel(/^Host/).first().fill("127.0.0.1");
  assert.deepEqual(await dialog.getByLabel(/^Protocol/).locator("option").allInnerTexts(), ["postgres"], "only what fits is offered");
  await dialog.getByRole("button", { name: "Create" }).click();
  const secrets = page.getByRole("dialog", { name: "Secrets of warehouse" });
  await secrets.getByRole("button", { name: "Done" }).click();
  assert.equal(await panel.getByLabel("Connection", { exact: true }).inputValue(), "warehouse");
  await saved(page);
  const params = await paramsOf(server, "database", "Base");
  assert.deepEqual(params, { operation: "select", query: "SELECT * FROM orders WHERE id = $1", queryParameters: ["17"], table: "orders", returnAll: true }, "what is hidden is kept");
});

check("a service's node is found, gets its account, and keeps it", async ({ open, server }) => {
  await draft(server, "service", []);
  const page = await open("/workflows/service/edit");
  await page.locator(".react-flow__node").first().waitFor();
  await page.keyboard.press("n");
  await page.getByRole("combobox", { name: "Search node types" }).fill("slack post");
  await page.getByRole("option", { name: /^Slack: Post a message/ }).first().waitFor();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog", { name: /^Node / });
  await panel.getByRole("button", { name: "New connection" }).click();
  const dialog = page.getByRole("dialog", { name: "New connection: Slack" });
  await dialog.getByRole("radio", { name: /Slack account/ }).check();
  await dialog.getByLabel("Redirect address").waitFor();
  await dialog.getByRole("radio", { name: /token/ }).check();
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByText("without it the service lets nobody in").waitFor();
  await page.keyboard.type("xoxb-1");
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(await panel.getByLabel("Connection", { exact: true }).inputValue(), "slack");
  await saved(page);
  const { spec } = await server.api("/connections/slack");
  assert.equal(spec.connector, "slack");
  assert.deepEqual(spec.secrets, ["token"]);
  const { spec: now } = await server.api("/workflows/service/draft");
  assert.deepEqual(Object.values(now.nodes[1].connections), ["slack"]);
});

check("what a service has is offered in the form, by keyboard as well", async ({ open, server }) => {
  const asked = [];
  const service = createServer((request, response) => {
    asked.push(request.url);
    const body = request.url.startsWith("/user/repos") ? [{ name: "engine", full_name: "ada/engine", description: "Of analysis" }, { name: "loom", full_name: "ada/loom" }] : [{ name: "bug" }, { name: "wish" }];
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  await new Promise((resolve) => service.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${String(service.address().port)}`;
  await server.api("/connections/code", { method: "PUT", body: { spec: { connector: "github", auth: { type: "bearer" }, settings: { server: address }, hosts: ["127.0.0.1"] } } });
  await server.api("/connections/code/secrets/token", { method: "PUT", body: { value: "good" } });
  await draft(server, "offers", [{ name: "Issue", type: "github.issue.create", params: { owner: "ada", title: "New" }, connections: { account: "code" } }]);
  const page = await open("/workflows/offers/edit?node=Issue");
  const panel = page.getByRole("dialog", { name: "Node Issue" });
  const repository = panel.getByRole("combobox", { name: "Repository" });
  await repository.click();
  await panel.getByRole("option", { name: /ada\/engine/ }).waitFor();
  await page.keyboard.type("loom");
  await panel.getByRole("option", { name: "ada/loom" }).waitFor();
  await panel.getByRole("option", { name: /engine/ }).waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  assert.equal(await repository.inputValue(), "ada/loom");
  const labels = panel.getByRole("combobox", { name: "Labels" });
  await labels.focus();
  await page.keyboard.press("ArrowDown");
  await panel.getByRole("option", { name: "wish" }).waitFor();
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(".ed-offer", { runOnly: ["wcag2a", "wcag2aa"] }));
  assert.deepEqual(violations.map(({ id }) => id), []);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await panel.getByRole("button", { name: "Remove wish" }).waitFor();
  // Escape closes the list, and not the node.
  await page.keyboard.press("ArrowDown");
  await panel.getByRole("listbox").waitFor();
  await page.keyboard.press("Escape");
  await panel.getByRole("listbox").waitFor({ state: "detached" });
  await panel.waitFor();
  await saved(page);
  assert.deepEqual(await paramsOf(server, "offers", "Issue"), { owner: "ada", title: "New", repository: "loom", labels: ["wish"] });
  assert.deepEqual(asked.map((url) => url.split("?")[0]), ["/user/repos", "/repos/ada/loom/labels"], "each list is read once");
  await new Promise((resolve) => { service.closeAllConnections(); service.close(resolve); });
});

check("columns of a data table are mapped from the fields that came in", async ({ open, server }) => {
  await draft(server, "rows", [{ name: "Keep", type: "data.table", params: { operation: "insert" } }]);
  const page = await open("/workflows/rows/edit?node=Keep");
  const panel = page.getByRole("dialog", { name: "Node Keep" });
  await panel.getByRole("combobox", { name: "Table" }).fill("customers");
  await panel.getByText("Columns: name (string), mail (string)").waitFor();
  await panel.getByRole("button", { name: "All columns of the table" }).click();
  await saved(page);
  assert.deepEqual((await paramsOf(server, "rows", "Keep")).values, { name: "={{ $json.name }}", mail: "={{ $json.mail }}", orders: "", vip: "", since: "" });
  await panel.getByLabel("Operation", { exact: true }).selectOption("get");
  await panel.getByRole("button", { name: "Add to conditions" }).click();
  await panel.getByLabel("Condition of conditions 1").selectOption("isEmpty");
  assert.equal(await panel.getByLabel("Value of conditions 1").count(), 0, "nothing is compared with");
});

check("a text with braces is offered to become the expression that it looks like", async ({ open, server }) => {
  await draft(server, "braces", [{ name: "Mail", type: "mail.send" }]);
  const page = await open("/workflows/braces/edit?node=Mail");
  const panel = page.getByRole("dialog", { name: "Node Mail" });
  await panel.getByLabel("Subject", { exact: true }).fill("For {{ $json.name }}");
  await panel.getByRole("button", { name: "Make Subject an expression" }).click();
  await panel.getByLabel("Value of Subject").getByText("For Ada").waitFor();
  await saved(page);
  assert.equal((await paramsOf(server, "braces", "Mail")).subject, "=For {{ $json.name }}");
});

check("a form is built by keyboard, seen beside, and tried", async ({ open, server }) => {
  await draft(server, "survey", [{ name: "Form", type: "form.trigger", params: { path: "survey", form: { title: "", fields: [{ label: "Name", required: true }] } } }]);
  const page = await open("/workflows/survey/edit?node=Form");
  const panel = page.getByRole("dialog", { name: "Node Form" });
  const seen = panel.frameLocator("iframe");
  await panel.getByLabel("Heading", { exact: true }).fill("How was it?");
  await seen.getByRole("heading", { name: "How was it?" }).waitFor();
  const add = async (kind) => { await panel.getByRole("button", { name: "Add field" }).press("Enter"); await page.getByRole("menuitem", { name: kind, exact: true }).press("Enter"); };
  await add("One of several");
  await panel.getByLabel("Label", { exact: true }).fill("Mood");
  await panel.getByLabel("Choices, one in each line").fill("Good\nBad");
  await seen.getByRole("group", { name: "Mood" }).getByLabel("Bad").waitFor();
  const grip = panel.getByRole("button", { name: "Move Mood: arrow keys, or drag" });
  await grip.focus();
  await page.keyboard.press("ArrowUp");
  await panel.getByText("Mood is now field 1 of 2.").waitFor();
  assert.equal(await grip.evaluate((element) => element === document.activeElement), true, "the field that was moved keeps the focus");
  await panel.getByRole("button", { name: "Duplicate Name" }).press("Enter");
  await panel.getByRole("button", { name: "Remove Name copy" }).press("Enter");
  await saved(page);
  assert.deepEqual((await paramsOf(server, "survey", "Form")).form.fields, [{ label: "Mood", type: "radio", options: ["Good", "Bad"] }, { label: "Name", required: true }]);

  const popup = page.context().waitForEvent("page");
  await panel.getByRole("button", { name: "Try the draft" }).click();
  const form = await popup;
  await form.getByLabel("Name").fill("Ada");
  await form.getByRole("button", { name: "Submit" }).click();
  await form.getByText("Your response has been recorded").waitFor();
  await panel.getByRole("button", { name: "Event", exact: true }).click();
  await panel.getByText("Ada").first().waitFor();
});

check("nodes are found in families, by n8n's names and by what they are not yet", async ({ open, server }) => {
  await draft(server, "picker", []);
  const page = await open("/workflows/picker/edit");
  await page.getByRole("button", { name: "Add node" }).click();
  const palette = page.getByRole("dialog", { name: "Add a node" });
  const options = () => palette.getByRole("option").locator("b").allInnerTexts();
  const types = (await server.api("/node-types")).items;
  const services = new Set(types.map(({ provider }) => provider).filter((provider) => provider.startsWith("connector:")));
  assert.equal((await options()).length, types.filter(({ provider }) => !services.has(provider)).length + services.size, "all of them are there, a service once");
  for (const family of ["Triggers", "Flow", "Services", "Databases", "Files and formats"]) await palette.getByText(family, { exact: true }).waitFor();
  const search = palette.getByRole("combobox");
  for (const [wanted, first] of [["cron", "Schedule"], ["split in batches", "Loop over items"], ["function", "Code"], ["imap", "Email trigger"], ["execute workflow", "Call workflow"]]) {
    await search.fill(wanted);
    assert.equal((await options())[0], first, wanted);
  }
  await search.fill("spreadsheet");
  assert.ok((await options()).slice(0, 3).includes("Extract from file"));
  await search.fill("kafka");
  await palette.getByText("Until then, these do the work").waitFor();
  assert.deepEqual(await options(), ["NATS", "RabbitMQ", "MQTT"]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Node NATS" }).waitFor();
});

check("an import says what runs and what waits, and leads to the nodes", async ({ open, server }) => {
  const node = (name, type, typeVersion, at, more = {}) => ({ id: name, name, type: `n8n-nodes-base.${type}`, typeVersion, position: [at * 220, 0], parameters: {}, ...more });
  const file = {
    name: "Leads",
    nodes: [node("Start", "manualTrigger", 1, 0), node("Stream", "kafka", 1, 1, { credentials: { kafka: { id: "1", name: "Streams" } } }), node("Mail", "emailSend", 2.1, 2, { credentials: { smtp: { id: "2", name: "Outbox" } } })],
    connections: { Start: { main: [[{ node: "Stream", type: "main", index: 0 }]] }, Stream: { main: [[{ node: "Mail", type: "main", index: 0 }]] } },
  };
  const page = await open("/workflows");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("input[type=file]").setInputFiles({ name: "leads.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(file)) });
  const report = dialog.getByRole("article");
  await report.getByText("Has placeholders").waitFor();
  await report.getByText("2 of 3 nodes run.", { exact: false }).waitFor();
  await report.getByText("Connections to make: 1").waitFor();
  await report.getByText("Only placeholders use it: it can wait.").waitFor();
  await dialog.getByRole("button", { name: "Import 1 file" }).click();
  await dialog.getByRole("heading", { name: "Imported" }).waitFor();
  await report.getByRole("button", { name: "Make it" }).click();
  const making = page.getByRole("dialog", { name: "New connection" });
  assert.notEqual(await making.getByRole("textbox", { name: "Name", exact: true }).inputValue(), "", "it has the name that the node refers to");
  await making.getByLabel(/^Protocol/).waitFor();
  assert.deepEqual(await making.getByLabel(/^Protocol/).locator("option").allInnerTexts(), ["smtp"]);
  await making.getByRole("button", { name: "Cancel" }).click();
  await report.getByRole("link", { name: "Stream", exact: true }).first().click();
  const panel = page.getByRole("dialog", { name: "Node Stream" });
  await panel.getByText("A placeholder for n8n’s “Kafka”").or(panel.getByText("A placeholder for n8n's “Kafka”")).waitFor();
  await panel.getByRole("button", { name: "Replace with NATS" }).click();
  await panel.getByLabel("Connection", { exact: true }).waitFor();
  await saved(page);
  const { spec } = await server.api("/workflows/leads/draft");
  assert.equal(spec.nodes.find((one) => one.name === "Stream").type, "nats.publish");
  assert.equal(spec.edges.length, 2, "the edges stay");
});
