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

/** A day so many days from now: what is due is due whenever the tests run. */
const day = (count) => new Date(Date.now() + count * 86_400_000).toISOString().slice(0, 10);

const vendors = {
  "example-crm": {
    title: "Example CRM",
    website: "https://crm.example",
    category: "crm",
    owner: "Grace",
    hosts: ["api.example.com"],
    contacts: [{ name: "Support desk", role: "support", email: "desk@crm.example", phone: "+49 30 123456" }],
    contract: { reference: "C-1842", startsOn: day(-280), endsOn: day(85), noticeDays: 60, renewsAutomatically: true, renewsForMonths: 12 },
    sla: { availability: 99.9, responseTime: "4 h", supportHours: "Mon–Fri 9–17", statusPage: "https://status.crm.example" },
    cost: { amount: "249.90", currency: "EUR", per: "month" },
    data: { region: "EU", personalData: true, processingAgreement: "DPA of 2026" },
    scorecard: [
      { criterion: "Reliability", weight: 3, score: 4, note: "two disruptions in a year", by: "Ada", on: day(-40) },
      { criterion: "Support", weight: 2, score: 2, note: "answers late", by: "Ada", on: day(-40) },
      { criterion: "Price", score: 3, by: "Grace", on: day(-12) },
    ],
    exitPlan: "# How we get away\n\n## What we take along\n- [x] customers, as CSV each night\n- [ ] attachments\n\n## What stands in\nThe data table **customers**, for two weeks at most.",
  },
  "small-mail": { title: "Small Mail", category: "mail", cost: { amount: "0.0004", currency: "EUR", per: "call", callsAYear: 600000 }, data: { personalData: true } },
};

const mail = {
  title: "Who sends our mail",
  question: "About **600,000** mails a year, of which most are invoices. They must arrive, and nobody else may read them.",
  criteria: [
    { name: "Arrives", weight: 3, meaning: "Share that arrives within a minute." },
    { name: "Data protection", mustHave: true },
    { name: "Price", weight: 2 },
  ],
  agreed: { by: "Ada, Grace", on: day(-20) },
  candidates: [
    { name: "Small Mail", vendor: "small-mail", scores: { Arrives: { score: 4 }, "Data protection": { score: 5 }, Price: { score: 3, note: "240 EUR a year" } } },
    { name: "Large Mail", scores: { Arrives: { score: 5, note: "measured for a week" }, "Data protection": { score: 2 }, Price: { score: 4 } } },
    { name: "Our own server", scores: { Arrives: { score: 2 }, "Data protection": { score: 5 } } },
  ],
};

/** Fills a server and tells what is there to look at. */
export async function seed(server) {
  await server.api("/variables/shop", { method: "PUT", body: { spec: { value: "https://shop.example.com" } } });
  const columns = [{ name: "name" }, { name: "mail" }, { name: "orders", type: "number" }, { name: "vip", type: "boolean" }, { name: "since", type: "date" }];
  await server.api("/data-tables/customers", { method: "PUT", body: { spec: { description: "Who has ordered, and how often.", columns } } });
  const rows = ["Ada", "Grace", "Edsger", "Barbara", "Tony"].map((name, at) => ({ name, mail: `${name.toLowerCase()}@example.com`, orders: at * 3, vip: at % 2 === 0, since: `202${at}-03-01` }));
  await server.api("/data-tables/customers/rows", { method: "POST", body: { rows } });
  await server.api("/connections/crm", { method: "PUT", body: { spec: { auth: { type: "bearer" }, hosts: ["api.example.com"] } } });
  await server.api("/connections/crm/secrets/token", { method: "PUT", body: { value: "a token of nobody" } });
  for (const [name, spec] of Object.entries(vendors)) await server.api(`/vendors/${name}`, { method: "PUT", body: { spec } });
  await server.api("/evaluations/mail", { method: "PUT", body: { spec: mail } });
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
