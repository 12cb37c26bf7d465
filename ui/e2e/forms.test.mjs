import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { world } from "./lib/world.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const check = world({ seeded: false });

const FORM = {
  title: "Apply",
  description: "Two pages, <b>five</b> minutes.",
  button: "Go on",
  fields: [
    { label: "Name", required: true, placeholder: "Ada" },
    { label: "Email", type: "email" },
    { label: "Size", type: "dropdown", options: ["Small", "Large"] },
    { label: "Team", type: "radio", options: ["Kitchen", "Garden"] },
    { label: "Days", type: "checkbox", options: ["Monday", "Tuesday", "Friday"], most: 1 },
    { label: "Day", type: "date" },
    { label: "Letter", type: "file", accept: ".txt" },
    { label: "Why", type: "textarea" },
  ],
};

const SPEC = {
  nodes: [
    { name: "Form", type: "form.trigger", params: { path: "apply", form: FORM } },
    { name: "More", type: "form.page", params: { form: { title: "={{ 'Hello ' + $json.Name }}", fields: [{ label: "Age", type: "number", required: true }] } } },
    { name: "Slow", type: "core.wait", params: { until: "interval", amount: 5, unit: "seconds" } },
    { name: "End", type: "form.page", params: { show: "end", end: { with: "file", files: "Letter", title: "={{ 'Thank you at ' + $('More').first().json.Age }}", message: "We write to you." } } },
  ],
  edges: [{ from: "Form", to: "More" }, { from: "More", to: "Slow" }, { from: "Slow", to: "Files" }, { from: "Files", to: "End" }],
};
SPEC.nodes.splice(3, 0, { name: "Files", type: "core.set", params: { include: "all", fields: [{ name: "Letter", type: "binary", value: "={{ $('Form').first().binary.Letter }}" }] } });

async function live(server) {
  const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
  for (const [method, path, body] of [["PUT", "/workflows/apply", { spec: SPEC }], ["POST", "/workflows/apply/activate", {}]]) {
    const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
}

/** What axe finds; it is let in by the test alone, since the page itself runs nothing. */
async function faults(browser, html, theme, width) {
  const context = await browser.context({ colorScheme: theme, viewport: { width, height: 900 }, bypassCSP: true });
  try {
    const copy = await context.newPage();
    await copy.setContent(html);
    await copy.evaluate(axe);
    const { violations } = await copy.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const wide = await copy.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    return [...violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`), ...(wide ? ["it is wider than the window"] : [])];
  } finally {
    await context.close();
  }
}

/** Moves the focus on until it is where it should be. */
async function tabTo(page, selector) {
  for (let step = 0; step < 40; step += 1) {
    if (await page.locator(selector).first().evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${selector}`);
}

for (const theme of ["light", "dark"]) {
  for (const width of [390, 1440]) {
    check(`a form is gone through by keyboard, without scripts, ${theme} and ${width} wide`, async ({ browser, server }) => {
      await live(server);
      const folder = await mkdtemp(join(tmpdir(), "fishplate-form-"));
      const letter = join(folder, "letter.txt");
      await writeFile(letter, "Dear all");
      const context = await browser.context({ colorScheme: theme, viewport: { width, height: 900 }, javaScriptEnabled: false });
      const page = await context.newPage();
      const strange = [];
      page.on("request", (request) => { if (!request.url().startsWith(server.url) && !request.url().startsWith("data:")) strange.push(request.url()); });
      const keep = async (name) => { if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}-${theme}-${width}.png`), fullPage: true }); };
      const fine = async (name) => { await keep(name); assert.deepEqual(await faults(browser, await page.content(), theme, width), [], name); };
      try {
        await page.goto(`${server.url}/forms/main/prod/apply?Email=ada%40a.example`);
        await fine("first");
        await page.keyboard.press("Tab");
        await page.keyboard.type("Ada");
        assert.equal(await page.getByLabel("Email").inputValue(), "ada@a.example");
        await tabTo(page, "#field-2");
        await page.keyboard.type("L");
        await tabTo(page, "#field-3");
        await page.keyboard.press("ArrowDown");
        await tabTo(page, "#field-4");
        await page.keyboard.press("Space");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Space");
        await page.getByLabel("Letter").setInputFiles(letter);
        await tabTo(page, "button");
        await page.keyboard.press("Enter");
        await page.getByRole("alert").waitFor();
        assert.match(await page.getByRole("alert").innerText(), /Days: Choose at most 1/);
        assert.equal(await page.locator(":focus").getAttribute("role"), "alert", "the summary has the focus");
        assert.equal(await page.getByLabel("Name").inputValue(), "Ada");
        await fine("refused");
        await page.getByRole("link", { name: /Days/ }).press("Enter");
        await page.getByLabel("Monday").press("Space");
        await page.getByLabel("Letter").setInputFiles(letter);
        await page.getByRole("button", { name: "Go on" }).press("Enter");
        await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
        await fine("second");
        await page.reload();
        await page.getByLabel("Age").press("3");
        await page.getByLabel("Age").press("6");
        await page.getByRole("button", { name: "Go on" }).focus();
        // The keyboard itself waits for no navigation, and the page that keeps a visitor waiting is always on its way.
        await page.keyboard.press("Enter");
        await page.waitForURL(/form-run/, { waitUntil: "commit" });
        const working = await (await context.request.get(page.url().replace(/[?&]form-waiting=1/, ""))).text();
        assert.match(working, /role=status/);
        assert.deepEqual(await faults(browser, working.replace(/<meta http-equiv=refresh[^>]*>/, ""), theme, width), [], "working");
        await page.getByRole("heading", { name: "Thank you at 36" }).waitFor();
        await fine("end");
        const saved = page.waitForEvent("download");
        await page.getByRole("link", { name: "letter.txt" }).press("Enter");
        assert.equal((await saved).suggestedFilename(), "letter.txt");
        await page.goto(`${server.url}/forms/main/prod/nothing`);
        await fine("none");
        assert.deepEqual(strange, [], "nothing is asked of others");
      } finally {
        await context.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
}
