import assert from "node:assert/strict";

import { world } from "./lib/world.mjs";

const check = world();

check("a contract that is due is told beside its place, until somebody has decided", async ({ open, server }) => {
  const page = await open("/");
  const badge = page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /Vendors 1 contract to decide about/ });
  await badge.waitFor();
  await page.getByRole("link", { name: /Example CRM.*Notice due/ }).click();
  await page.getByRole("button", { name: "We keep it" }).click();
  await page.getByText("It was decided to keep it").waitFor();
  await badge.waitFor({ state: "detached" });
  assert.equal((await server.api("/vendor-register")).dueCount, 0);
  const { spec } = await server.api("/vendors/example-crm");
  assert.equal(spec.contract.decision.outcome, "keep");
  assert.equal(spec.contract.decision.termEndsOn, spec.contract.endsOn);
  await page.getByRole("button", { name: "Take it back" }).click();
  await badge.waitFor();
});

check("what a vendor's form writes is what the server keeps, and a refusal stands at its field", async ({ open, server }) => {
  const page = await open("/vendors/small-mail");
  await page.getByRole("textbox", { name: "Website (optional)" }).fill("small-mail.example");
  await page.getByRole("combobox", { name: /Connectors/ }).fill("SendGrid");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText(/is no address of the web/).first().waitFor();
  await page.getByRole("textbox", { name: "Website (optional)" }).fill("https://small-mail.example");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("region", { name: "Changes" }).waitFor({ state: "detached" });
  const { spec } = await server.api("/vendors/small-mail");
  assert.deepEqual([spec.website, spec.connectors], ["https://small-mail.example", ["sendgrid"]]);
});

check("an evaluation is scored by keyboard alone, and the server ranks as the page does", async ({ open, server }) => {
  const page = await open("/evaluations/mail");
  await page.getByRole("gridcell", { name: /^Small Mail, Arrives/ }).focus();
  // Down to the must-have of the second candidate, which was out.
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("4");
  await page.keyboard.press("Enter");
  await page.keyboard.type("They have signed.");
  await page.getByRole("gridcell", { name: "Large Mail, Data protection: 4, with a note" }).waitFor();
  const shown = await page.getByRole("list", { name: "Ranking" }).getByRole("listitem").allInnerTexts();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("region", { name: "Changes" }).waitFor({ state: "detached" });
  const { items } = await server.api("/evaluations/mail/ranking");
  assert.deepEqual(items.map(({ name }) => name), ["Large Mail", "Small Mail", "Our own server"]);
  items.forEach(({ name, score }, at) => assert.ok(shown[at].includes(name) && shown[at].includes(score.toFixed(2)), shown[at]));
});

check("from a service without a vendor one comes to a vendor that stands for it", async ({ open, server }) => {
  await server.api("/connections/pay", { method: "PUT", body: { spec: { auth: { type: "bearer" }, connector: "stripe", hosts: ["api.stripe.com"] } } });
  const page = await open("/integrations");
  await page.getByRole("link", { name: "Write one down for Stripe" }).click();
  const dialog = page.getByRole("dialog", { name: "New vendor" });
  await dialog.getByRole("button", { name: "Write it down" }).click();
  await page.getByRole("heading", { name: "Stripe", level: 1 }).waitFor();
  await page.getByRole("link", { name: "Who uses it" }).click();
  await page.getByRole("row", { name: /Stripe/ }).getByRole("link", { name: "Stripe" }).waitFor();
  assert.equal((await server.api("/integrations")).items.find(({ id }) => id === "connector/stripe").vendor.name, "stripe");
});

check("a secret is named with its age and its user, and its value is nowhere on the page", async ({ open }) => {
  const page = await open("/secrets");
  const row = page.getByRole("row", { name: /crm token/ });
  await row.getByText("unused").waitFor();
  assert.ok(!(await page.content()).includes("a token of nobody"));
  await page.getByRole("spinbutton", { name: "Stale after" }).fill("30");
  await page.keyboard.press("Enter");
  await page.waitForURL(/days=30/);
  await row.waitFor();
});
