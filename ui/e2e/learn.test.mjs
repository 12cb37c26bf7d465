import assert from "node:assert/strict";

import { shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world();

check("a problem's code leads to its text", async ({ open }) => {
  const page = await open("/workflows/no-such-workflow");
  await page.locator("main").getByRole("link", { name: /^FP\d{4}$/ }).first().click();
  await page.waitForURL(/\/help\?at=FP\d{4}/);
  await page.getByRole("heading", { name: "What to do" }).waitFor();
});

check("the help of a page is the guide about it, and the help is searched by words and by code", async ({ open }) => {
  const page = await open("/connections");
  await shown(page);
  await page.getByRole("link", { name: "Help for this page" }).click();
  await page.getByRole("heading", { name: "Connections, secrets and variables" }).waitFor();
  await page.getByLabel("Search the help").fill("FP0002");
  await page.getByRole("link", { name: /FP0002/ }).click();
  await page.waitForURL(/at=FP0002/);
  await page.getByRole("heading", { name: /no valid token/i }).waitFor();
});

check("an operation of the API is found, has an address, and is tried with the session's rights", async ({ open, server }) => {
  const page = await open("/reference");
  await shown(page);
  await page.getByLabel("Find operations").fill("getWorkflow");
  await page.getByRole("link", { name: /Shows a workflow/ }).click();
  await page.waitForURL(/at=getWorkflow/);
  const other = await open("/reference?at=getWorkflow");
  await other.getByRole("heading", { name: /Shows a workflow/ }).waitFor();
  await other.getByRole("tab", { name: "Try it" }).click();
  const send = other.getByRole("button", { name: "Send" });
  assert.equal(await send.getAttribute("aria-disabled"), "true");
  await other.getByLabel("name", { exact: true }).fill("greeting");
  const curl = await other.getByRole("region", { name: "The call as a command" }).innerText();
  assert.match(curl, /workflows\/greeting/);
  assert.ok(!curl.includes(server.token), "a command that is shown must not hold the token");
  await send.click();
  const answer = other.getByRole("region", { name: "Answer" });
  await answer.getByText("200").waitFor();
  await answer.getByText("Greeting").first().waitFor();
  await other.getByLabel("name", { exact: true }).fill("nobody");
  await send.click();
  await answer.getByText("404").first().waitFor();
});
