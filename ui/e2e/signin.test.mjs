import assert from "node:assert/strict";

import { placeIn, shown } from "./lib/pages.mjs";
import { world } from "./lib/world.mjs";

const check = world({ seeded: false });
const field = (page) => page.getByLabel("Access token");
const enter = async (page, token) => {
  if (!(await field(page).isVisible())) await page.getByRole("button", { name: "Use an access token" }).click();
  await field(page).fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
};

check("a wrong token is refused in words that say what to do, and the right one is taken after it", async ({ open, server }) => {
  const page = await open("/sign-in", { token: undefined });
  await enter(page, "fpt_thisisnotatoken");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /token/i);
  assert.ok((await alert.innerText()).split(/\s+/).length >= 6, "the refusal is too short to say what to do");
  assert.equal(await field(page).getAttribute("aria-invalid"), "true");
  await enter(page, server.token);
  await page.waitForURL((url) => placeIn(url) === "/");
});

check("an empty form says where the token is", async ({ open }) => {
  const page = await open("/sign-in", { token: undefined });
  await page.getByRole("button", { name: "Use an access token" }).click();
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.match(await page.getByRole("alert").innerText(), /token/);
});

check("who was sent to sign in comes back to the page and filter where they were", async ({ open, server }) => {
  const page = await open("/runs?workflow=orders", { token: undefined });
  await enter(page, server.token);
  await page.waitForURL((url) => placeIn(url) === "/runs" && url.searchParams.get("workflow") === "orders");
  await shown(page);
});

check("a session that ends leads to the sign-in, and back to the same page", async ({ open, server }) => {
  const page = await open("/variables");
  await shown(page);
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Where to, or what to do?").fill("sign out");
  await page.getByRole("option", { name: "Sign out", selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await enter(page, server.token);
  await page.waitForURL((url) => placeIn(url) === "/variables");
});

for (const next of ["https://evil.example/", "//evil.example/", "/\\evil.example/", "/%5cevil.example", "javascript:alert(1)", "/..//evil.example/"]) {
  check(`after the sign-in nobody is led to ${next}`, async ({ open, server }) => {
    const page = await open(`/sign-in?next=${encodeURIComponent(next)}`, { token: undefined });
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).host));
    await enter(page, server.token);
    await page.waitForURL((url) => placeIn(url) !== "/sign-in");
    assert.equal(new URL(page.url()).origin, server.app);
    assert.ok(!asked.includes("evil.example"));
  });
}
