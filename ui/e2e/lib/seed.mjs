//! What a small company's server holds after its first week: something live, something failed, something to set.

import { receiver } from "./receiver.mjs";

const respond = { when: "lastNode", data: "firstEntryJson" };

const greeting = {
  title: "Greeting",
  description: "A webhook, two ways to go, an answer.",
  nodes: [
    { name: "Webhook", type: "http.webhook", position: [0, 0], params: { methods: ["POST"], path: "greeting", respond: { when: "respondNode" } } },
    { name: "Name", type: "core.set", position: [200, 0], params: { fields: [{ name: "name", type: "string", value: "={{ $json.body.name ?? '' }}" }] } },
    {
      name: "Is known",
      type: "core.if",
      position: [400, 0],
      params: { conditions: { conditions: [{ leftValue: "={{ $json.name }}", operator: { type: "string", operation: "notEmpty", singleValue: true } }] } },
    },
    { name: "Greet", type: "http.respond", position: [600, -100], params: { with: "json", json: { greeting: "=Hello {{ $json.name }}!" } } },
    { name: "Ask back", type: "http.respond", position: [600, 100], params: { with: "json", status: 422, json: { error: "Send your name" } } },
  ],
  edges: [
    { from: "Webhook", to: "Name" },
    { from: "Name", to: "Is known" },
    { from: "Is known", to: "Greet" },
    { from: "Is known", output: 1, to: "Ask back" },
  ],
};

const orders = {
  title: "Orders",
  nodes: [
    { name: "Webhook", type: "http.webhook", position: [0, 0], params: { methods: ["POST"], path: "orders", respond } },
    { name: "Amount", type: "core.set", position: [220, 0], params: { fields: [{ name: "amount", type: "number", value: "={{ $json.body.amount }}" }] } },
  ],
  edges: [{ from: "Webhook", to: "Amount" }],
};

const hooked = {
  title: "Pushes",
  nodes: [{ name: "Webhook", type: "http.webhook", position: [0, 0], params: { methods: ["POST"], path: "pushes", auth: { kind: "signed", connection: "github" } } }],
  edges: [],
};

/** Example of GitHub's own documentation. */
const PUSHED = { secret: "It's a Secret to Everybody", body: "Hello, World!", signature: "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" };

/** Waits until a list of the server is as it is to be. */
async function until(server, path, wanted) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { items } = await server.api(path);
    if (wanted(items)) return items;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`the seed waited for ${path} in vain`);
}

/** Events that others hear of, one who takes them, one who cannot, and webhooks that came in. */
async function seedWebhooks(server) {
  const { url } = await receiver();
  const types = {
    "invoice.paid": { description: "An invoice was paid in full.", example: { id: 7, amount: 120, currency: "EUR" }, schema: { type: "object", required: ["id"], properties: { id: { type: "integer" }, amount: { type: "number" }, currency: { type: "string" } } } },
    "invoice.overdue": { description: "An invoice was not paid in time.", example: { id: 8, days: 14 } },
    "order.shipped": { description: "A parcel has left the warehouse.", example: { order: "A-17", carrier: "DHL" } },
    "order.placed": { description: "Use order.created.", deprecated: true },
  };
  for (const [name, spec] of Object.entries(types)) await server.api(`/event-types/${name}`, { method: "PUT", body: { spec } });
  await server.api("/subscribers/acme-crm", { method: "PUT", body: { spec: { url: `${url}/hooks`, customer: "acme", description: "The CRM of Acme", events: ["invoice.*"], headers: { "x-team": "billing" } } } });
  await server.api("/subscribers/warehouse", { method: "PUT", body: { spec: { url: `${url}/broken`, description: "The scanner in hall 3", events: ["order.shipped"], retries: ["1h", "5h"] } } });
  await server.api("/subscribers/retired", { method: "PUT", body: { spec: { url: `${url}/hooks`, description: "Hall 2, closed since May", events: ["order.shipped"], signing: "ed25519" } } });
  await server.api("/subscribers/retired/stop", { method: "POST" });
  for (const id of [7, 9, 12]) await server.api("/events", { method: "POST", body: { event: "invoice.paid", data: { id, amount: id * 20, currency: "EUR" }, customer: "acme", key: `paid-${id}` } });
  await server.api("/events", { method: "POST", body: { event: "order.shipped", data: { order: "A-17", carrier: "DHL" } } });
  await until(server, "/deliveries?subscriber=acme-crm&status=delivered", (items) => items.length === 3);
  const [failed] = await until(server, "/deliveries?subscriber=warehouse", (items) => items[0]?.attempts === 1);

  await server.api("/connections/github", { method: "PUT", body: { spec: { auth: { type: "webhook", sender: "github" } } } });
  await server.api("/connections/github/secrets/secret", { method: "PUT", body: { value: PUSHED.secret } });
  await server.api("/workflows/pushes", { method: "PUT", body: { spec: hooked } });
  await server.api("/workflows/pushes/activate", { method: "POST", body: {} });
  for (const signature of [PUSHED.signature, PUSHED.signature.replace("757", "857")]) {
    await fetch(`${server.url}/hooks/main/prod/pushes?repository=shop`, { method: "POST", headers: { "x-hub-signature-256": signature, authorization: "Bearer private" }, body: PUSHED.body });
  }
  const arrivals = await until(server, "/arrivals?workflow=pushes", (items) => items.length === 2);
  const pass = async (more) => new URL((await server.api("/portal-passes", { method: "POST", body: { customer: "acme", theme: { title: "Shopkeeper webhooks", accent: "#7a3cff", radius: 10 }, ...more } })).url).hash;
  return { failed: `${failed.message}/warehouse`, refused: arrivals.find(({ verdict }) => verdict === "refused").id, pass: await pass({}), passOfOther: await pass({ customer: "globex" }) };
}

/** Fills a server and tells what is there to look at. */
export async function seed(server) {
  await server.api("/variables/shop", { method: "PUT", body: { spec: { value: "https://shop.example.com" } } });
  const columns = [{ name: "name" }, { name: "mail" }, { name: "orders", type: "number" }, { name: "vip", type: "boolean" }, { name: "since", type: "date" }];
  await server.api("/data-tables/customers", { method: "PUT", body: { spec: { description: "Who has ordered, and how often.", columns } } });
  const rows = ["Ada", "Grace", "Edsger", "Barbara", "Tony"].map((name, at) => ({ name, mail: `${name.toLowerCase()}@example.com`, orders: at * 3, vip: at % 2 === 0, since: `202${at}-03-01` }));
  await server.api("/data-tables/customers/rows", { method: "POST", body: { rows } });
  await server.api("/connections/crm", { method: "PUT", body: { spec: { auth: { type: "bearer" }, hosts: ["api.example.com"] } } });
  for (const [name, spec] of Object.entries({ greeting, orders })) {
    await server.api(`/workflows/${name}`, { method: "PUT", body: { labels: { team: "sales" }, spec } });
    await server.api(`/workflows/${name}/activate`, { method: "POST", body: {} });
  }
  await server.api("/workflows/greeting/draft", { method: "PUT", body: { spec: greeting } });
  const call = (path, body) => fetch(`${server.url}/webhook/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  for (const name of ["Ada", "Grace", "Edsger", "Barbara", "Tony", ""]) await call("greeting", { name });
  for (const amount of [12, 250, "many"]) await call("orders", { amount });
  const failed = (await server.api("/runs?status=failed")).items;
  const done = (await server.api("/runs?status=completed")).items;
  if (failed.length === 0 || done.length === 0) throw new Error("the seed did not make a failed and a completed run");
  const hooks = await seedWebhooks(server);
  const cookie = await server.person();
  const invitation = await server.invitation("grace@example.com");
  return { workflow: "greeting", connection: "crm", run: failed[0].id, done: done[0].id, cookie, invitation, hooks };
}
