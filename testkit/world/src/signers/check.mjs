// Prints `taken` and the body as the package reads it, or `refused` and why.
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , modules, secret, headers, body] = process.argv;
const require = createRequire(join(modules, "here.js"));
const { Webhook } = require("standardwebhooks");
try {
  console.log(`taken ${JSON.stringify(new Webhook(secret).verify(body, JSON.parse(headers)))}`);
} catch (error) {
  console.log(`refused ${error.message}`);
}
