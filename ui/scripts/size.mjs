// The initial script of the built app, compressed as servers send it, against its budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = 250 * 1024;
const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const seen = new Set();
const add = (key) => {
  if (seen.has(key)) return;
  seen.add(key);
  (manifest[key].imports ?? []).forEach(add);
};
add("index.html");
const sizes = [...seen].map((key) => manifest[key].file).map((file) => [file, gzipSync(readFileSync(`dist/${file}`)).length]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
console.log(`initial script: ${(total / 1024).toFixed(1)} KB compressed, of ${BUDGET / 1024} KB`);
if (total > BUDGET) {
  sizes.sort((a, b) => b[1] - a[1]).forEach(([file, size]) => console.error(`  ${(size / 1024).toFixed(1)} KB ${file}`));
  process.exit(1);
}
