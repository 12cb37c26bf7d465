//! Runs the browser tests: all that are quick, or those named: `npm run e2e`, `npm run e2e pages`, `npm run e2e perf`.

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const SLOW = new Set(["perf"]);
const known = readdirSync(here).filter((file) => file.endsWith(".test.mjs")).map((file) => file.replace(".test.mjs", ""));
const wanted = process.argv.slice(2);
const strange = wanted.filter((name) => !known.includes(name));
if (strange.length > 0) {
  console.error(`there is no browser test ${strange.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}
const names = wanted.length > 0 ? wanted : known.filter((name) => !SLOW.has(name));
// One file after the other: each has a server and a browser of its own.
const files = names.map((name) => `${here}${name}.test.mjs`);
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
