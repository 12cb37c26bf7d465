// Makes src/api/schema.ts from the server's OpenAPI document, which `cargo xtask openapi` keeps in src/api/openapi.json.
// With --check it only tells whether the file is as it would be made.
import { readFileSync, writeFileSync } from "node:fs";

import openapi, { astToString } from "openapi-typescript";

// What has a default may be left out.
const OPTIONS = { defaultNonNullable: false };
const made = "// Made from openapi.json by `npm run api`.\n\n" + astToString(await openapi(new URL("../src/api/openapi.json", import.meta.url), OPTIONS));
const file = new URL("../src/api/schema.ts", import.meta.url);
if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== made) {
    console.error("src/api/schema.ts is not what openapi.json says: run `npm run api`");
    process.exit(1);
  }
} else {
  writeFileSync(file, made);
}
