//! How fast the editor is with a large workflow and a large run. Prints figures, and asserts none: machines differ.
//!
//!   EDITOR=http://127.0.0.1:4173/workflows/{name}/edit API=http://127.0.0.1:8321/api/v1 TOKEN=… node e2e/editor-speed.mjs
//!
//! Measure a build (`vite preview`), not the development server. TRACE, when set, is a file for the browser's trace of panning.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const { EDITOR = "", API = "", TOKEN = "", TRACE = "", SHOTS = "", CHROMIUM = "/usr/bin/chromium", NODES = "500", ITEMS = "10000" } = process.env;
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const name = `speed-${Date.now().toString(36)}`;

async function api(method, path, body) {
  const response = await fetch(API + path, { method, headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" }, ...(body ? { body: JSON.stringify(body) } : {}) });
  return response.json();
}

/** Rows of twenty: sets, ifs and requests one after the other, all of them behind one trigger. */
function large(count) {
  const types = ["core.set", "core.if", "http.request", "core.noop"];
  const nodes = [{ name: "Start", type: "core.manual", position: [0, 0] }];
  const edges = [];
  for (let index = 1; index < count; index += 1) {
    const [row, column] = [Math.floor((index - 1) / 20), (index - 1) % 20];
    nodes.push({ name: `Node ${index}`, type: types[index % types.length], position: [256 + column * 224, row * 128] });
    edges.push({ from: column === 0 ? "Start" : `Node ${index - 1}`, to: `Node ${index}` });
  }
  return { nodes, edges };
}

const profile = await mkdtemp(join(tmpdir(), "editor-"));
const browser = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: FLAGS, viewport: { width: 1440, height: 900 } });
await browser.addInitScript((token) => sessionStorage.setItem("fishplate.token", token), TOKEN);

/** Milliseconds from the call of the page to the first card on the screen. */
async function opening(workflow) {
  const page = await browser.newPage();
  const begun = performance.now();
  await page.goto(EDITOR.replace("{name}", workflow), { waitUntil: "commit" });
  await page.locator(".ed-card").first().waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return { page, took: performance.now() - begun };
}

/** Drags the canvas for two seconds and looks at every frame. */
async function panning(page) {
  await page.evaluate(() => {
    globalThis.frames_ = [];
    let last = performance.now();
    const look = (now) => {
      globalThis.frames_.push(now - last);
      last = now;
      if (globalThis.frames_.length < 5_000) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const box = await page.locator(".react-flow__pane").boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height - 24];
  await page.mouse.move(x, y);
  await page.keyboard.down("Space");
  await page.mouse.down();
  const begun = Date.now();
  for (let step = 0; Date.now() - begun < 2_000; step += 1) await page.mouse.move(x + Math.sin(step / 8) * 300, y - 150 + Math.cos(step / 8) * 120);
  await page.mouse.up();
  await page.keyboard.up("Space");
  const frames = (await page.evaluate(() => globalThis.frames_)).slice(2).sort((one, other) => one - other);
  const at = (part) => frames[Math.min(Math.floor(frames.length * part), frames.length - 1)];
  return `${(1_000 / (frames.reduce((sum, frame) => sum + frame, 0) / frames.length)).toFixed(0)} frames a second, middle ${at(0.5).toFixed(1)} ms, 95 % within ${at(0.95).toFixed(1)} ms, longest ${at(1).toFixed(1)} ms`;
}

await api("PUT", `/workflows/${name}/draft`, { spec: large(Number(NODES)) });
await (await opening(name)).page.close();
for (const round of [1, 2, 3]) {
  const { page, took } = await opening(name);
  console.log(`opening ${NODES} nodes, round ${round}: ${took.toFixed(0)} ms`);
  if (round < 3) await page.close();
  else {
    if (TRACE !== "") await browser.browser()?.startTracing(page, { categories: ["devtools.timeline", "v8.execute", "disabled-by-default-v8.cpu_profiler"] });
    await page.getByRole("button", { name: "Fit to view" }).click();
    await page.locator(".ed-far").waitFor();
    console.log(`panning from afar: ${await panning(page)}`);
    if (SHOTS !== "") await page.screenshot({ path: join(SHOTS, "large-far.png") });
    for (let times = 0; times < 8; times += 1) await page.getByRole("button", { name: "Zoom in" }).click();
    await page.evaluate(() => new Promise((done) => setTimeout(done, 600)));
    console.log(`panning from near: ${await panning(page)}`);
    if (SHOTS !== "") await page.screenshot({ path: join(SHOTS, "large-near.png") });
    if (TRACE !== "") await writeFile(TRACE, (await browser.browser()?.stopTracing()) ?? "");
    await page.close();
  }
}

const many = `${name}-items`;
await api("PUT", `/workflows/${many}/draft`, {
  spec: {
    nodes: [{ name: "Start", type: "core.manual" }, { name: "Make", type: "core.code", params: { code: `return Array.from({ length: ${ITEMS} }, (_, n) => ({ json: { n, name: 'Item ' + n, text: 'x'.repeat(100) } }))` } }, { name: "After", type: "core.noop" }],
    edges: [{ from: "Start", to: "Make" }, { from: "Make", to: "After" }],
  },
});
const { page } = await opening(many);
await page.getByRole("button", { name: "Run", exact: true }).click();
await page.locator(".ed-card.ed-is-completed").nth(2).waitFor();
const begun = performance.now();
await page.locator(".react-flow__node").filter({ hasText: "After" }).dblclick();
await page.getByRole("region", { name: "Output", exact: true }).getByText("Item 49").waitFor();
console.log(`opening a node with ${ITEMS} items: ${(performance.now() - begun).toFixed(0)} ms`);
const next = performance.now();
await page.getByRole("region", { name: "Output", exact: true }).getByRole("button", { name: "Later items" }).click();
await page.getByRole("region", { name: "Output", exact: true }).getByText("Item 99").waitFor();
console.log(`the next page of them: ${(performance.now() - next).toFixed(0)} ms`);
if (SHOTS !== "") await page.screenshot({ path: join(SHOTS, "many-items.png") });
await browser.close();
await rm(profile, { recursive: true, force: true });
