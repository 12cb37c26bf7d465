//! Drives the editor by its own script, which can also be pointed at any server by hand.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { world } from "./lib/world.mjs";

const check = world({ seeded: false });
const script = fileURLToPath(new URL("editor.mjs", import.meta.url));

check("the editor by mouse, by keyboard, by two at once, with failures, test events, conflicts and n8n's clipboard", async ({ server }) => {
  const env = { ...process.env, EDITOR: `${server.app}/workflows/{name}/edit`, API: `${server.url}/api/v1`, TOKEN: server.token };
  const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (said += piece));
  const code = await new Promise((resolve) => child.once("exit", resolve));
  assert.equal(code, 0, said);
  assert.ok(said.split("\n").filter((line) => line.startsWith("ok")).length >= 10, said);
});
