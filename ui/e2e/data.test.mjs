import assert from "node:assert/strict";

import { world } from "./lib/world.mjs";

const check = world();

check("a table is made, filled, mended by keys, filtered, and its rows come back", async ({ open, server }) => {
  const page = await open("/data");
  await page.getByRole("button", { name: "New table" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("parcels");
  await dialog.getByRole("textbox", { name: "Name of column 1" }).fill("street");
  await dialog.getByRole("button", { name: "Add a column" }).click();
  await dialog.getByRole("textbox", { name: "Name of column 2" }).fill("weight");
  await dialog.getByRole("combobox", { name: "Type of column 2" }).selectOption("number");
  await dialog.getByRole("button", { name: "Make it" }).click();
  await page.getByRole("heading", { level: 1, name: "parcels" }).waitFor();
  await page.getByText("No row yet").waitFor();

  await page.getByRole("button", { name: "New row" }).first().click();
  // The box that chooses the row and its id are cells, too.
  const cell = page.getByRole("gridcell").nth(2);
  await cell.waitFor();
  await cell.focus();
  await page.keyboard.type("Elm Street");
  await page.keyboard.press("Tab");
  await page.keyboard.type("2,5");
  await page.keyboard.press("Enter");
  await page.getByRole("gridcell", { name: "2.5" }).waitFor();
  const rows = async () => (await server.api("/data-tables/parcels/rows")).items;
  assert.deepEqual((await rows()).map(({ street, weight }) => [street, weight]), [["Elm Street", 2.5]]);

  const lines = Array.from({ length: 1500 }, (_, at) => `Oak ${at},${at}`).join("\n");
  await page.getByLabel("CSV file").setInputFiles({ name: "parcels.csv", mimeType: "text/csv", buffer: Buffer.from(`street,weight\n${lines}\n`) });
  await page.getByText("1,501 rows").waitFor();
  // The last row is far below what was read at first.
  await page.getByRole("gridcell", { name: "Elm Street" }).focus();
  const grid = page.getByRole("grid");
  for (let read = 0; read < 1501; ) {
    await page.keyboard.press("Control+End");
    const before = read;
    read = await page.waitForFunction(([before]) => {
      const count = Number(document.querySelector('[role="grid"]')?.getAttribute("aria-rowcount")) - 1;
      return count > before ? count : false;
    }, [before]).then((found) => found.jsonValue());
  }
  assert.equal(await grid.getAttribute("aria-rowcount"), "1502");
  await page.waitForFunction(() => document.activeElement?.hasAttribute("data-cell"));
  await page.keyboard.press("Control+End");
  await page.getByRole("gridcell", { name: "Oak 1499" }).waitFor();

  await page.getByRole("button", { name: "Filter" }).click();
  await page.getByRole("combobox", { name: "Column" }).selectOption("weight");
  await page.getByRole("combobox", { name: "Condition" }).selectOption("gte");
  await page.getByRole("textbox", { name: "Value" }).fill("1498");
  await page.getByText("2 of 1,501 rows").waitFor();
  await page.getByRole("checkbox", { name: /^Choose row/ }).first().check();
  await page.getByRole("button", { name: "Take 1 row out" }).click();
  await page.getByText("1 of 1,500 rows").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("2 of 1,501 rows").waitFor();
  assert.deepEqual(page.faults, []);
});

check("who may only look is told so, and nothing typed is taken for done", async ({ open, server, seed }) => {
  assert.ok(seed.run);
  const { token } = await server.api("/tokens", { method: "POST", body: { name: "looker", rules: [{ role: "viewer" }] } });
  const page = await open("/data/customers", { token });
  await page.getByRole("gridcell", { name: "Ada", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type(" Lovelace");
  await page.keyboard.press("Enter");
  await page.getByText("name was not changed").waitFor();
  await page.getByRole("gridcell", { name: "Ada", exact: true }).waitFor();
  const first = (await server.api("/data-tables/customers/rows?limit=1")).items[0];
  assert.equal(first.name, "Ada");
});
