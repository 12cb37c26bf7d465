//! The editor, driven in a browser against a real server: once by mouse, once by keyboard only.
//!
//!   EDITOR=http://127.0.0.1:4173/workflows/{name}/edit API=http://127.0.0.1:8321/api/v1 TOKEN=… node e2e/editor.mjs
//!
//! `EDITOR` is the address of the editor with `{name}` for the workflow. SHOTS, when set, is a folder for screenshots.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const { EDITOR = "", API = "", TOKEN = "", SHOTS = "", CHROMIUM = "/usr/bin/chromium" } = process.env;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const stamp = Date.now().toString(36);

async function api(path, options = {}) {
  const response = await fetch(API + path, { ...options, headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" } });
  return { status: response.status, body: await response.json().catch(() => undefined) };
}

const profile = await mkdtemp(join(tmpdir(), "editor-"));
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, env: { ...process.env, XDG_CACHE_HOME: profile, XDG_CONFIG_HOME: profile } });
const faults = [];

/** An editor in a browser of its own, as another person would have it: nothing is shared but the server. */
async function openEditor(name, token = TOKEN) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript((token) => sessionStorage.setItem("fishplate.token", token), token);
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.goto(EDITOR.replace("{name}", name));
  await page.getByRole("toolbar", { name: "Editor" }).waitFor();
  return page;
}

async function shot(page, name) {
  if (SHOTS !== "") await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

const card = (page, name) => page.locator(".react-flow__node").filter({ hasText: name });
const saved = (page) => page.getByText("Draft saved").waitFor();

async function choose(page, wanted) {
  await page.getByRole("combobox", { name: "Search node types" }).fill(wanted);
  await page.getByRole("option").first().click();
  await page.getByRole("dialog", { name: /^Node / }).waitFor();
}

async function drawTo(page, from, port, wanted) {
  const source = await card(page, from).locator(".react-flow__handle.source").nth(port).boundingBox();
  await page.mouse.move(source.x + source.width / 2, source.y + source.height / 2);
  await page.mouse.down();
  await page.mouse.move(source.x + 130, source.y + 20 + port * 90, { steps: 8 });
  await page.mouse.up();
  await choose(page, wanted);
}

const close = (page) => page.getByRole("button", { name: "Close the node" }).click();

async function byMouse() {
  const name = `mouse-${stamp}`;
  const page = await openEditor(name);
  await shot(page, "first");
  await page.getByRole("button", { name: "Add the first node" }).click();
  await choose(page, "webhook");
  await page.getByRole("combobox", { name: "Answers" }).selectOption("respondNode");
  await page.getByRole("button", { name: "Edit items" }).click();
  const pinned = page.getByRole("textbox", { name: "Pinned items" });
  await pinned.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText('[{"body":{"name":"Ada","amount":250}}]');
  await page.getByRole("button", { name: "Done" }).click();
  await close(page);

  await drawTo(page, "Webhook", 0, "edit fields");
  await page.getByLabel("Name of field 1").fill("name");
  // A field of the input is dragged into the parameter.
  await page.getByRole("button", { name: "Schema" }).first().click();
  await page.locator(".ed-schema .ed-field", { hasText: "Ada" }).dragTo(page.getByLabel("Value 1", { exact: true }));
  await page.getByLabel("Value of Value 1").getByText('"Ada"').waitFor();
  await shot(page, "set");
  await close(page);

  await drawTo(page, "Edit fields", 0, "if");
  await page.getByRole("button", { name: "Value 1 as expression" }).click();
  await page.getByRole("textbox", { name: "Value 1" }).click();
  await page.keyboard.insertText("{{ $json.name }}");
  await page.getByLabel("Compared with 1", { exact: true }).fill("Ada");
  await shot(page, "if");
  await close(page);

  await drawTo(page, "If", 0, "respond");
  await close(page);
  await saved(page);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("The run is complete.").waitFor();
  await page.locator(".react-flow__node .ed-is-completed").nth(3).waitFor();
  await shot(page, "ran");
  await card(page, "Edit fields").dblclick();
  await page.getByRole("region", { name: "Output", exact: true }).getByText("Ada").waitFor();
  await shot(page, "items");
  await close(page);

  await card(page, "Respond to webhook").click();
  await page.getByRole("toolbar", { name: "Selected nodes" }).getByRole("button", { name: "Remove" }).click();
  await card(page, "Respond to webhook").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Undo" }).click();
  await card(page, "Respond to webhook").waitFor();
  await saved(page);

  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.getByText("In step with the canvas").waitFor();
  await shot(page, "text");
  await page.getByRole("button", { name: "Canvas", exact: true }).click();

  await page.getByRole("button", { name: "Publish" }).click();
  await page.getByText(/Published as revision \d+\./).waitFor();
  const { body } = await api(`/workflows/${name}`);
  assert.deepEqual(body.spec.nodes.map((node) => node.type), ["http.webhook", "core.set", "core.if", "http.respond"]);
  assert.equal(body.spec.edges.length, 3);
  assert.equal(body.spec.nodes[1].params.fields[0].value, "={{ $json.body.name }}");
  await page.close();
}

async function byKeyboard() {
  const name = `keys-${stamp}`;
  const page = await openEditor(name);
  const keys = page.keyboard;
  const add = async (wanted) => {
    await keys.press("n");
    await page.getByRole("combobox", { name: "Search node types" }).waitFor();
    await keys.type(wanted);
    await keys.press("Enter");
    await page.getByRole("dialog", { name: /^Node / }).waitFor();
  };
  /** Moves the focus with the tab key until it stands on what has this name. */
  const tabTo = async (label) => {
    for (let count = 0; count < 120; count += 1) {
      await keys.press("Tab");
      const found = await page.evaluate(() => {
        const { activeElement: at } = document;
        const labelled = at?.labels?.[0]?.textContent ?? "";
        return [at?.getAttribute("aria-label"), labelled, at?.textContent].map((text) => text?.trim());
      });
      if (found.includes(label)) return;
    }
    throw new Error(`the tab key never came to ${label}`);
  };
  const leave = async () => {
    await keys.press("Escape");
    await page.getByRole("dialog", { name: /^Node / }).waitFor({ state: "detached" });
  };
  await page.locator(".ed").focus();
  await add("webhook");
  await tabTo("Edit items");
  await keys.press("Enter");
  await tabTo("Pinned items");
  await keys.press("Control+a");
  await keys.insertText('[{"body":{"name":"Bob"}}]');
  await tabTo("Done");
  await keys.press("Enter");
  await page.getByRole("button", { name: "Unpin" }).waitFor();
  await tabTo("Close the node");
  await keys.press("Enter");
  await add("edit fields");
  await tabTo("Name of field 1");
  await keys.type("who");
  await tabTo("Value 1");
  await keys.type("Bob");
  await leave();
  await add("if");
  await tabTo("Value 1");
  await keys.type("x");
  await leave();
  await add("respond");
  await leave();
  await saved(page);
  await keys.press("Control+Enter");
  await page.getByText("The run is complete.").waitFor();
  await keys.press("[");
  await keys.press("[");
  await keys.press("Enter");
  await page.getByRole("region", { name: "Output", exact: true }).getByText("Bob").waitFor();
  await leave();
  await keys.press("Delete");
  await card(page, "Edit fields").waitFor({ state: "detached" });
  await keys.press("Control+z");
  await card(page, "Edit fields").waitFor();
  await saved(page);
  await tabTo("Publish");
  await keys.press("Enter");
  await page.getByText(/Published as revision \d+\./).waitFor();
  const { body } = await api(`/workflows/${name}`);
  assert.deepEqual(body.spec.nodes.map((node) => node.type), ["http.webhook", "core.set", "core.if", "http.respond"]);
  assert.equal(body.spec.edges.length, 3);
  await page.close();
}

/** Two pages edit one workflow at once: what either did is in the draft. */
async function byTwo() {
  const name = `two-${stamp}`;
  const spec = { nodes: [{ name: "Start", type: "core.manual" }, { name: "First", type: "core.set", position: [300, 0] }, { name: "Second", type: "core.set", position: [600, 0] }], edges: [{ from: "Start", to: "First" }, { from: "First", to: "Second" }] };
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec }) });
  const [one, two] = [await openEditor(name), await openEditor(name)];
  const note = async (page, node, text) => {
    await card(page, node).dblclick();
    await page.getByRole("button", { name: "Options" }).click();
    await page.getByLabel("Note at the node").fill(text);
    await close(page);
  };
  await note(one, "First", "by one");
  await saved(one);
  // It comes to the other page by itself.
  await two.getByText("saved meanwhile and changed First").waitFor();
  await card(two, "First").getByText("by one").waitFor();
  const { version } = await draftOf(name);
  await note(two, "Second", "by two");
  await saved(two);
  await card(one, "Second").getByText("by two").waitFor();
  const { spec: both, version: after } = await draftOf(name);
  assert.deepEqual(both.nodes.slice(1).map((node) => node.notes), ["by one", "by two"]);
  assert.ok(after > version);
  await one.close();
  await two.close();
}

/** Each sees who else is here and what they look at, until they leave. */
async function company() {
  const name = `company-${stamp}`;
  const spec = { nodes: [{ name: "Start", type: "core.manual", position: [0, 0] }, { name: "First", type: "core.set", position: [300, 0] }], edges: [{ from: "Start", to: "First" }] };
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec }) });
  const { body: made } = await api("/tokens", { method: "POST", body: JSON.stringify({ name: `grace-${stamp}`, rules: [{ role: "owner" }] }) });
  const [one, two] = [await openEditor(name), await openEditor(name, made.token)];
  const others = (page) => page.getByRole("list", { name: "Who else is here" }).getByRole("button");
  await others(one).waitFor();
  await others(two).waitFor();
  await card(two, "First").click();
  await one.locator(".ed-card[data-person]", { hasText: "First" }).waitFor();
  await others(one).getByText("G").hover();
  await one.getByRole("tooltip").getByText("at First").waitFor();
  await shot(one, "company");
  await others(one).click();
  await two.locator(".ed-card[data-person]", { hasText: "First" }).waitFor();
  await two.close();
  await one.locator(".ed-card[data-person]").waitFor({ state: "detached" });
  await others(one).waitFor({ state: "detached" });
  await one.close();
}

const draftOf = async (name) => (await api(`/workflows/${name}/draft`)).body;

/** Nodes that were written without places stand side by side, and to look at them saves nothing. */
async function laidOut() {
  const name = `laid-${stamp}`;
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec: { nodes: [{ name: "Start", type: "core.manual" }, { name: "Left", type: "core.noop" }, { name: "Right", type: "core.noop" }], edges: [{ from: "Start", to: "Left" }, { from: "Start", to: "Right" }] } }) });
  const { version } = await draftOf(name);
  const page = await openEditor(name);
  const boxes = await Promise.all(["Start", "Left", "Right"].map((node) => card(page, node).boundingBox()));
  assert.equal(new Set(boxes.map((box) => `${box.x} ${box.y}`)).size, 3);
  await page.close();
  assert.equal((await draftOf(name)).version, version);
}

/** A run that fails says so at the node where it failed, and in the opened node. */
async function failingRun() {
  const name = `fails-${stamp}`;
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec: { nodes: [{ name: "Start", type: "core.manual" }, { name: "Break", type: "core.stop", params: { message: "the order has no customer" } }], edges: [{ from: "Start", to: "Break" }] } }) });
  const page = await openEditor(name);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("The run failed: see the red node.").waitFor();
  await page.locator(".ed-card.ed-is-failed").getByText("the order has no customer").waitFor();
  await card(page, "Start").locator(".ed-mark-good").waitFor();
  await shot(page, "failed");
  await card(page, "Break").dblclick();
  await page.getByRole("dialog", { name: "Node Break" }).getByRole("alert").getByText("the order has no customer").waitFor();
  await page.close();
}

/** Listening waits for one event of the outside, and runs the draft with it. */
async function testEvent() {
  const name = `listens-${stamp}`;
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec: { nodes: [{ name: "Hook", type: "http.webhook", params: { methods: ["POST"], path: name, respond: { when: "immediately" } } }, { name: "After", type: "core.noop" }], edges: [{ from: "Hook", to: "After" }] } }) });
  const page = await openEditor(name);
  await page.getByRole("button", { name: "Listen" }).click();
  const address = await page.getByText("Listening for one test event at").locator("code").first().textContent();
  await shot(page, "listening");
  const heard = await fetch(new URL(address.trim().split(" ").at(-1), API), { method: "POST", headers: { "content-type": "application/json" }, body: '{"who":"Ada"}' });
  assert.ok(heard.status < 300, `the hook answered ${heard.status}`);
  await page.getByText("The run is complete.").waitFor();
  await card(page, "After").dblclick();
  await page.getByRole("region", { name: "Output", exact: true }).getByRole("button", { name: "JSON" }).click();
  await page.getByRole("region", { name: "Output as JSON" }).getByText('"who": "Ada"').waitFor();
  await page.close();
}

/** Both changed one place: a dialog shows both, and what is chosen is saved. */
async function conflict() {
  const name = `conflict-${stamp}`;
  const spec = { nodes: [{ name: "Start", type: "core.manual", position: [0, 0] }, { name: "First", type: "core.set", position: [300, 0] }], edges: [{ from: "Start", to: "First" }] };
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec }) });
  const [one, two] = [await openEditor(name), await openEditor(name)];
  await two.context().setOffline(true);
  for (const [page, text] of [[one, "by one"], [two, "by two"]]) {
    await card(page, "First").dblclick();
    await page.getByRole("button", { name: "Options" }).click();
    await page.getByLabel("Note at the node").fill(text);
    if (page === one) await saved(one);
    else await page.getByText("Kept in this browser").waitFor();
  }
  await two.context().setOffline(false);
  const dialog = two.getByRole("dialog", { name: "You both changed one place" });
  await dialog.waitFor();
  await shot(two, "conflict");
  await dialog.getByRole("button", { name: "Take theirs" }).first().click();
  await dialog.waitFor({ state: "detached" });
  await saved(two);
  assert.equal((await draftOf(name)).spec.nodes[1].notes, "by one");
  await one.close();
  await two.close();
}

/** What n8n puts on the clipboard becomes our nodes. */
async function pasteFromN8n() {
  const name = `paste-${stamp}`;
  const page = await openEditor(name);
  const clipboard = {
    nodes: [
      { parameters: {}, id: "a", name: "When clicking", type: "n8n-nodes-base.manualTrigger", typeVersion: 1, position: [0, 0] },
      { parameters: { assignments: { assignments: [{ id: "1", name: "who", value: "Ada", type: "string" }] }, options: {} }, id: "b", name: "Edit Fields", type: "n8n-nodes-base.set", typeVersion: 3.4, position: [220, 0] },
    ],
    connections: { "When clicking": { main: [[{ node: "Edit Fields", type: "main", index: 0 }]] } },
    meta: { instanceId: "x" },
  };
  await page.locator(".ed").focus();
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.querySelector(".ed").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, JSON.stringify(clipboard));
  await card(page, "Edit Fields").waitFor();
  await saved(page);
  const { spec } = await draftOf(name);
  assert.deepEqual(spec.nodes.map((node) => node.type).sort(), ["core.manual", "core.set"]);
  assert.equal(spec.edges.length, 1);
  await page.close();
}

/** A schedule is set by its form, says what it means, and shows when it comes in the chosen zone. */
async function schedule() {
  const name = `schedule-${stamp}`;
  const page = await openEditor(name);
  await page.getByRole("button", { name: "Add the first node" }).click();
  await choose(page, "schedule");
  await page.getByRole("combobox", { name: "Unit of rule 1" }).selectOption("weeks");
  await page.getByRole("button", { name: "Wednesday" }).click();
  await page.getByLabel("Time of rule 1").fill("07:15");
  await page.getByText("Every week on Monday and Wednesday at 07:15").waitFor();
  await page.getByLabel("Time zone of the workflow").fill("Europe/Vienna");
  assert.equal(await page.getByRole("region", { name: "Next times" }).getByRole("listitem").count(), 5);
  await shot(page, "schedule");
  await close(page);
  await saved(page);
  const { spec } = await draftOf(name);
  assert.deepEqual(spec.nodes[0].params.rules, [{ every: "weeks", count: 1, days: [1, 3], hour: 7, minute: 15 }]);
  assert.equal(spec.settings.timezone, "Europe/Vienna");
}

/** What is being written in an open node stays while somebody else's work arrives, and both are in the draft. */
async function unsaved() {
  const name = `unsaved-${stamp}`;
  const fields = [{ name: "a", type: "string", value: "1" }, { name: "b", type: "string", value: "2" }];
  const spec = { nodes: [{ name: "Start", id: "s", type: "core.manual", position: [0, 0] }, { name: "First", id: "f", type: "core.set", position: [300, 0], params: { fields } }], edges: [{ from: "Start", to: "First" }] };
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec }) });
  const [one, two] = [await openEditor(name), await openEditor(name)];
  for (const page of [one, two]) await card(page, "First").dblclick();
  // The name is not written before one leaves its field.
  await one.getByLabel("Name of the node").fill("Renamed");
  await two.getByLabel("Value 2", { exact: true }).fill("theirs");
  await saved(two);
  await one.waitForFunction(() => [...document.querySelectorAll("input")].some((input) => input.value === "theirs"));
  assert.equal(await one.getByLabel("Name of the node").inputValue(), "Renamed");
  await one.getByLabel("Value 1", { exact: true }).fill("mine");
  await one.keyboard.press("Escape");
  await card(one, "Renamed").waitFor();
  await saved(one);
  await card(two, "Renamed").waitFor({ state: "attached" });
  const { spec: both } = await draftOf(name);
  assert.deepEqual([both.nodes[1].name, both.nodes[1].params.fields.map((field) => field.value)], ["Renamed", ["mine", "theirs"]]);
}

/** An expression is tried on the server while it is written, and an account is made without leaving the node. */
async function forms() {
  const name = `forms-${stamp}`;
  const spec = { nodes: [
    { name: "Start", id: "s", type: "core.manual", position: [0, 0], pinned: [{ json: { name: "Ada" } }] },
    { name: "Ask", id: "a", type: "http.request", position: [300, 0], params: { url: "=https://shop.example/{{ $json.name }}" } },
  ], edges: [{ from: "Start", to: "Ask" }] };
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec }) });
  const page = await openEditor(name);
  await card(page, "Ask").dblclick();
  await page.getByRole("textbox", { name: "URL", exact: true }).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText("https://shop.example/{{ $json.name.toLowerCase() }}");
  await page.getByLabel("Value of URL").getByText('"https://shop.example/ada"').waitFor();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText("{{ 1 + }}");
  await page.locator(".cm-lintRange-error").first().waitFor();
  await page.getByRole("button", { name: "New connection" }).click();
  const making = page.getByRole("dialog", { name: "New connection" });
  await making.getByLabel("Name", { exact: true }).first().fill(`shop-${stamp}`);
  await making.getByRole("button", { name: "Create" }).click();
  await page.getByRole("dialog", { name: `Secrets of shop-${stamp}` }).getByRole("button", { name: "Done" }).click();
  await shot(page, "request");
  await saved(page);
  const { spec: now } = await draftOf(name);
  assert.deepEqual([now.nodes[1].connections, now.nodes[1].params.authentication], [{ auth: `shop-${stamp}` }, "generic"]);
}

/** A called workflow is looked into by keys, under an address of its own, and left the same way. */
async function lookInto() {
  const [name, inner] = [`outer-${stamp}`, `inner-${stamp}`];
  await api(`/workflows/${inner}/draft`, { method: "PUT", body: JSON.stringify({ spec: { nodes: [{ name: "Called", type: "core.called", position: [0, 0] }, { name: "Inside", type: "core.noop", position: [240, 0] }], edges: [{ from: "Called", to: "Inside" }] } }) });
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec: { nodes: [{ name: "Start", type: "core.manual", position: [0, 0] }, { name: "Bill", type: "core.call", position: [240, 0], params: { workflow: inner } }], edges: [{ from: "Start", to: "Bill" }] } }) });
  const page = await openEditor(name);
  await card(page, "Bill").click();
  await page.keyboard.press("o");
  const peek = page.getByRole("dialog", { name: `Workflow ${inner}` });
  await peek.locator(".react-flow__node").filter({ hasText: "Inside" }).waitFor();
  await page.reload();
  await peek.locator(".react-flow__node").filter({ hasText: "Inside" }).waitFor();
  await shot(page, "peek");
  await page.keyboard.press("Escape");
  await peek.waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).search, "");
}

/** A group moves its nodes, and a note changes its size, by keys alone. */
async function groups() {
  const name = `groups-${stamp}`;
  const spec = { nodes: [{ name: "A", id: "a", type: "core.manual", position: [16, 0] }, { name: "B", id: "b", type: "core.noop", position: [256, 0] }, { name: "Note", id: "n", type: "core.note", position: [0, 240], params: { content: "Hello", width: 240, height: 160 } }], edges: [{ from: "A", to: "B" }] };
  await api(`/workflows/${name}/draft`, { method: "PUT", body: JSON.stringify({ spec }) });
  const page = await openEditor(name);
  await card(page, "A").click();
  await card(page, "B").click({ modifiers: ["Shift"] });
  await page.keyboard.press("Control+g");
  await page.getByRole("button", { name: "Move group Group" }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Shift+ArrowRight");
  await page.locator(".react-flow__node-note").click({ position: { x: 3, y: 80 } });
  await page.getByRole("button", { name: /^Size of Note/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await shot(page, "groups");
  await saved(page);
  const { spec: now } = await draftOf(name);
  assert.deepEqual(now.nodes.map((node) => node.position), [[96, 16], [336, 16], [0, 240]]);
  assert.deepEqual([now.nodes[2].params.width, now.nodes[2].params.height], [256, 240]);
  assert.deepEqual(now.foreign.editor.groups.map((group) => group.nodes), [["a", "b"]]);
}

const WORK = [["by mouse", byMouse], ["by keyboard only", byKeyboard], ["two at once", byTwo], ["company", company], ["laid out on opening", laidOut], ["a failing run", failingRun], ["a test event", testEvent], ["a conflict", conflict], ["paste from n8n", pasteFromN8n], ["a schedule", schedule], ["unsaved edits", unsaved], ["forms", forms], ["a called workflow", lookInto], ["groups and notes", groups]];
const { ONLY = "" } = process.env;

let failed = false;
for (const [label, work] of WORK.filter(([label]) => label.includes(ONLY))) {
  try {
    await work();
    console.log(`ok    ${label}`);
  } catch (error) {
    failed = true;
    console.error(`FAIL  ${label}: ${error?.stack ?? error}`);
    for (const [index, page] of browser.contexts().flatMap((context) => context.pages()).entries()) await shot(page, `broken-${label.replaceAll(" ", "-")}-${index}`).catch(() => undefined);
  }
  for (const context of browser.contexts()) await context.close();
}
if (faults.length > 0) console.error("errors on the page:", [...new Set(faults)]);
await browser.close();
await rm(profile, { recursive: true, force: true });
process.exit(failed || faults.length > 0 ? 1 : 0);
