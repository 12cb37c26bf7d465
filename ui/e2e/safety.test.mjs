//! What others have written is shown as text, wherever it appears, and runs nowhere.

import assert from "node:assert/strict";

import { shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world({ seeded: false });

/** Each of them says so when it runs. */
const EVIL = [
  '<img src=x onerror="window.ran=1">',
  "<script>window.ran=1</script>",
  '"><svg onload=window.ran=1>',
  "[click](javascript:window.ran=1)",
  "javascript:window.ran=1",
  "{{constructor.constructor('window.ran=1')()}}",
];

check("titles, notes, items, error texts, file names and html run nowhere", async ({ open, server }) => {
  const text = EVIL.join(" ");
  const spec = {
    title: text,
    nodes: [
      { name: "Start", type: "core.manual", position: [0, 0], notes: text },
      { name: text.slice(0, 60), type: "core.set", position: [220, 0], params: { fields: EVIL.map((value, at) => ({ name: `${EVIL[0]}${at}`, value })) } },
      { name: "Stop", type: "core.stop", position: [440, 0], params: { message: text } },
    ],
    edges: [{ from: "Start", to: text.slice(0, 60) }, { from: text.slice(0, 60), to: "Stop" }],
  };
  await server.api("/workflows/evil", { method: "PUT", body: { spec, labels: { folder: "evil" } } });
  await server.api("/workflows/evil/activate", { method: "POST", body: {} });
  const started = await server.api("/workflows/evil/run", { method: "POST", body: {} });
  const run = started.id ?? started.run;
  await server.api("/variables/evil", { method: "PUT", body: { spec: { value: text } } });
  await server.api("/tokens", { method: "POST", body: { name: text.slice(0, 120), rules: [{ role: "viewer" }] } });
  for (const path of ["/", "/workflows", "/workflows/evil", "/workflows/evil/edit", "/runs", `/runs/${run}?step=1`, `/runs/${run}?step=2`, "/waiting", "/variables", "/access", "/audit"]) {
    const page = await open(path);
    await shown(page, path.endsWith("/edit") ? { ready: (at) => at.getByRole("toolbar", { name: "Editor" }).waitFor() } : undefined);
    for (const tab of ["JSON", "Schema", "Text"]) {
      const button = page.getByRole("button", { name: tab, exact: true }).first();
      if (await button.isVisible()) await button.click();
    }
    assert.equal(await page.evaluate(() => window.ran), undefined, path);
    assert.equal(await page.locator('a[href^="javascript:"]').count(), 0, path);
  }
});

check("files of items are shown as text or pictures, and nothing in them or in their names runs", async ({ open, server }) => {
  const files = [
    ["page", "text/html", `<!doctype html>${EVIL.join("")}`],
    ["drawing", "image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran=1"><script>window.ran=1</script></svg>'],
    ["notes", "text/markdown", EVIL.join("\n")],
    ["picture", "image/png", EVIL.join("")],
    ["unknown", "text/html; charset=\"><script>window.ran=1</script>", EVIL.join("")],
  ];
  const binary = files.map(([key, type, text]) => `${key}: { data: Buffer.from(${JSON.stringify(text)}).toString("base64"), mimeType: ${JSON.stringify(type)}, fileName: ${JSON.stringify(`../${EVIL[0]}\u202Egpj.html`)} }`);
  const spec = {
    nodes: [
      { name: "Start", type: "core.manual", position: [0, 0] },
      { name: "Make", type: "core.code", position: [220, 0], params: { code: `console.log(${JSON.stringify(EVIL.join(" "))});\nreturn [{ json: {}, binary: { ${binary.join(", ")} } }]` } },
    ],
    edges: [{ from: "Start", to: "Make" }],
  };
  await server.api("/workflows/files", { method: "PUT", body: { spec } });
  await server.api("/workflows/files/activate", { method: "POST", body: {} });
  const started = await server.api("/workflows/files/run", { method: "POST", body: {} });
  const page = await open(`/runs/${started.id ?? started.run}?step=1`);
  await shown(page);
  await page.getByRole("button", { name: /^Files/ }).click();
  const list = page.getByRole("list", { name: "Files" });
  await list.getByRole("listitem").nth(files.length - 1).waitFor();
  // Each that is clicked is called otherwise from then on.
  const show = list.getByRole("button", { name: /^Show / });
  for (let left = await show.count(); left > 0; left -= 1) await show.first().click();
  await list.getByText("<svg xmlns=").waitFor();
  await list.getByText("It says that it is a picture, and is none.").waitFor();
  assert.equal(await list.locator("img, script, svg:not(.lucide), iframe, embed, object").count(), 0);
  assert.equal(await list.locator("a[href]").count(), 0);
  const saving = page.waitForEvent("download");
  await list.getByRole("button", { name: /^Save / }).first().click();
  const name = (await saving).suggestedFilename();
  assert.ok(!/[\u202E/\\<>]/.test(name) && name.endsWith(".html"), name);
  await page.getByRole("tab", { name: "Logs · 1" }).click();
  await page.getByRole("list", { name: "Log lines" }).getByText("<script>window.ran=1</script>").waitFor();
  await page.getByRole("tab", { name: "Parameters" }).click();
  await page.getByRole("heading", { name: "No expressions here" }).waitFor();
  assert.equal(await page.evaluate(() => window.ran), undefined);
  // Whoever opens the address itself gets a download under a policy that lets nothing run.
  const answer = await fetch(`${server.url}/api/v1/runs/${started.id ?? started.run}/steps/1/files/0/0/page`, { headers: { authorization: `Bearer ${server.token}` } });
  assert.match(answer.headers.get("content-disposition"), /^attachment/);
  assert.match(answer.headers.get("content-security-policy"), /sandbox/);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
});

check("a page that a workflow answers with cannot act as the app", async ({ browser, server }) => {
  const spec = {
    nodes: [
      { name: "Hook", type: "http.webhook", position: [0, 0], params: { path: "page", methods: ["GET"], respond: { when: "respondNode" } } },
      { name: "Answer", type: "http.respond", position: [220, 0], params: { with: "text", text: "<!doctype html><title>x</title><script>try { document.title = String(localStorage.length + document.cookie) } catch (error) { document.title = error.name }</script>", headers: [{ name: "Content-Type", value: "TEXT/HTML" }] } },
    ],
    edges: [{ from: "Hook", to: "Answer" }],
  };
  await server.api("/workflows/page", { method: "PUT", body: { spec } });
  await server.api("/workflows/page/activate", { method: "POST", body: {} });
  const page = await browser.page();
  const answer = await page.goto(`${server.url}/hooks/main/prod/page`);
  assert.match(answer.headers()["content-security-policy"], /^sandbox/);
  assert.equal(await page.title(), "SecurityError");
});

check("nobody frames the app, and its pages load nothing from elsewhere", async ({ browser, server }) => {
  const page = await browser.page();
  const answer = await page.goto(server.app);
  const policy = answer.headers()["content-security-policy"];
  for (const part of ["default-src 'self'", "script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) assert.ok(policy.includes(part), part);
  assert.equal(answer.headers()["x-content-type-options"], "nosniff");
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).host));
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual([...new Set(asked)], [new URL(server.app).host]);
});
