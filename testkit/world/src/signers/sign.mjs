// Prints a line for each sender: its name, and each header as name=value, with tabs between them.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , modules, secret, body, now] = process.argv;
const require = createRequire(join(modules, "here.js"));
const line = (sender, headers) => {
  console.log([sender, ...Object.entries(headers).map(([name, value]) => `${name}=${value}`)].join("\t"));
};

const { Webhook } = require("standardwebhooks");
line("standard-webhooks", {
  "webhook-id": "msg_1",
  "webhook-timestamp": now,
  "webhook-signature": new Webhook(secret).sign("msg_1", new Date(Number(now) * 1000), body),
});

const Stripe = require("stripe");
const header = new Stripe("sk_test_unused").webhooks.generateTestHeaderString({ payload: body, secret, timestamp: Number(now) });
line("stripe", { "stripe-signature": header });

const octokit = await import(pathToFileURL(join(modules, "@octokit/webhooks-methods/dist-node/index.js")).href)
  .catch(() => import(pathToFileURL(join(modules, "@octokit/webhooks-methods/dist-bundle/index.js")).href));
line("github", { "x-hub-signature-256": await octokit.sign(secret, body) });
