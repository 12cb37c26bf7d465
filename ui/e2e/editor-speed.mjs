//! How fast the editor is with a large workflow and a large run. Prints figures, and asserts none: machines differ.
//!
//!   EDITOR=http://127.0.0.1:4173/workflows/{name}/edit API=http://127.0.0.1:8321/api/v1 TOKEN=… node e2e/editor-speed.mjs
//!
//! Measure a build (`vite preview`), not the development server. OTHER, when set, is the same address at another build: both
//! take turns, so that what else the machine does meets both, and their ratio is printed. TRACE, when set, is a file for the
//! browser's trace of panning.
//!
//! Frames a second say whether a person sees it stutter here and now; they end at 60, and are fewer when the machine does
//! something else. Processor time for each frame says what a frame costs, and can be compared.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const { EDITOR = "", OTHER = "", API = "", TOKEN = "", TRACE = "", SHOTS = "", CHROMIUM = "/usr/bin/chromium", NODES = "500", ROUNDS = "3", ITEMS = "10000" } = process.env;
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
async function opening(workflow, editor = EDITOR) {
  const page = await browser.newPage();
  const begun = performance.now();
  await page.goto(editor.replace("{name}", workflow), { waitUntil: "commit" });
  await page.locator(".ed-card").first().waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return { page, took: performance.now() - begun };
}

/** Processor time so far, in ms: of the page's own thread by kind of work, and of whole processes with compositor, raster and drawing. */
async function spent(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const { processInfo } = await (await browser.browser().newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const of = (metric) => (metrics.find(({ name }) => name === metric)?.value ?? 0) * 1_000;
  const all = (type) => processInfo.reduce((sum, { type: kind, cpuTime }) => sum + (kind === type ? cpuTime * 1_000 : 0), 0);
  return { script: of("ScriptDuration"), style: of("RecalcStyleDuration"), layout: of("LayoutDuration"), page: of("TaskDuration"), renderer: all("renderer"), drawing: all("GPU") };
}

/** Moves the pointer in a circle for two seconds with its button down, and looks at every frame. */
async function dragged(page, [x, y], [wide, high], moved) {
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
  // What it counts, it counts from here on, and while it is open.
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await moved();
  await page.mouse.move(x, y);
  await page.mouse.down();
  // The first move makes what goes along a layer of its own, or marks it: that is done once.
  await page.mouse.move(x + 8, y + 8);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const begun = Date.now();
  const cost = await spent(session);
  await page.evaluate(() => (globalThis.frames_.length = 0));
  // As fast as a pointer reports: more often than that is work that no person makes.
  for (let step = 0; Date.now() - begun < 2_000; step += 1) {
    const angle = (Date.now() - begun) / 110;
    await page.mouse.move(x + Math.sin(angle) * wide, y + (Math.cos(angle) - 1) * high);
    await new Promise((done) => setTimeout(done, 4));
  }
  const frames = (await page.evaluate(() => globalThis.frames_)).slice(2).sort((one, other) => one - other);
  const now = await spent(session);
  if ((await moved()) === before) throw new Error("nothing was moved");
  await page.mouse.up();
  await session.detach();
  const at = (part) => frames[Math.min(Math.floor(frames.length * part), frames.length - 1)];
  const each = Object.fromEntries(Object.entries(now).map(([kind, millis]) => [kind, (millis - cost[kind]) / frames.length]));
  return { rate: 1_000 / (frames.reduce((sum, frame) => sum + frame, 0) / frames.length), middle: at(0.5), most: at(0.95), longest: at(1), each };
}

/** Drags the canvas. */
async function panning(page) {
  const box = await page.locator(".react-flow__pane").boundingBox();
  // Free ground: a drag that begins on a button moves nothing.
  const from = await page.evaluate(({ x, y, width, height }) => {
    for (let down = height - 60; down > 100; down -= 7) {
      const at = document.elementFromPoint(x + width / 2, y + down);
      if (at?.classList.contains("react-flow__pane")) return [x + width / 2, y + down];
    }
    throw new Error("there is no free ground to drag");
  }, box);
  await page.keyboard.down("Space");
  const result = await dragged(page, from, [300, 120], () => page.locator(".react-flow__viewport").getAttribute("style"));
  await page.keyboard.up("Space");
  return result;
}

/** Drags a node that is in the middle of what is in sight. */
async function nodeDragging(page) {
  const { id, at } = await page.evaluate(() => {
    const { left, top, width, height } = document.querySelector(".react-flow__pane").getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height * 0.6];
    const cards = [...document.querySelectorAll(".react-flow__node")].map((card) => ({ id: card.dataset.id, box: card.getBoundingClientRect() }));
    const middle = ({ box }) => [box.left + box.width / 2, box.top + box.height / 2];
    const far = (card) => Math.hypot(middle(card)[0] - x, middle(card)[1] - y);
    const card = cards.sort((one, other) => far(one) - far(other))[0];
    return { id: card.id, at: middle(card) };
  });
  return dragged(page, at, [120, 60], () => page.locator(`.react-flow__node[data-id="${id}"]`).getAttribute("style"));
}

await api("PUT", `/workflows/${name}/draft`, { spec: large(Number(NODES)) });
const builds = OTHER === "" ? [EDITOR] : [EDITOR, OTHER];
const label = (index) => (builds.length === 1 ? "" : index === 0 ? "this build: " : "the other:  ");
const took = builds.map(() => []);
for (const build of builds) await (await opening(name, build)).page.close();
for (let round = 1; round <= Number(ROUNDS); round += 1) {
  for (const [index, build] of builds.entries()) {
    const one = await opening(name, build);
    took[index].push(one.took);
    console.log(`${label(index)}opening ${NODES} nodes, round ${round}: ${one.took.toFixed(0)} ms`);
    await one.page.close();
  }
}
const rates = { afar: [], near: [], node: [] };
const costs = { afar: [], near: [], node: [] };
for (const [index, build] of builds.entries()) {
  const { page } = await opening(name, build);
  if (TRACE !== "" && index === 0) await browser.browser()?.startTracing(page, { categories: ["devtools.timeline", "v8.execute", "disabled-by-default-v8.cpu_profiler"] });
  for (const what of ["afar", "near", "node"]) {
    if (what === "afar") {
      await page.getByRole("button", { name: "Fit to view" }).click();
      await page.locator(".ed-far").waitFor();
    } else if (what === "near") {
      for (let times = 0; times < 8; times += 1) await page.getByRole("button", { name: "Zoom in" }).click();
      await page.locator(".react-flow:not(.ed-far)").waitFor();
      await page.evaluate(() => new Promise((done) => setTimeout(done, 1_500)));
    }
    const { rate, middle, most, longest, each } = await (what === "node" ? nodeDragging(page) : panning(page));
    rates[what].push(rate);
    costs[what].push(each.renderer + each.drawing);
    const millis = (value) => value.toFixed(1);
    console.log(`${label(index)}${what === "node" ? "dragging a node" : `panning from ${what}`}: ${rate.toFixed(0)} frames a second, middle ${millis(middle)} ms, 95 % within ${millis(most)} ms, longest ${millis(longest)} ms`);
    console.log(`${label(index)}  processor time for each frame: page's thread ${millis(each.page)} ms (script ${millis(each.script)}, style ${millis(each.style)}, layout ${millis(each.layout)}), its whole process ${millis(each.renderer)} ms, drawing ${millis(each.drawing)} ms`);
    if (SHOTS !== "" && index === 0) await page.screenshot({ path: join(SHOTS, `large-${what}.png`) });
  }
  if (TRACE !== "" && index === 0) await writeFile(TRACE, (await browser.browser()?.stopTracing()) ?? "");
  await page.close();
}
if (OTHER !== "") {
  const middle = (list) => list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)];
  const ratio = ([mine, other]) => (mine / other).toFixed(2);
  console.log(`ratios to the other build: opening ${ratio(took.map(middle))} of the time, panning ${ratio(rates.afar)} times the frames from afar, ${ratio(rates.near)} from near, ${ratio(rates.node)} dragging a node`);
  console.log(`processor time for each frame: ${ratio(costs.afar)} from afar, ${ratio(costs.near)} from near, ${ratio(costs.node)} dragging a node`);
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
