//! What a small company's server holds after its first week: something live, something failed, something to set.

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
  const cookie = await server.person();
  const invitation = await server.invitation("grace@example.com");
  return { workflow: "greeting", connection: "crm", run: failed[0].id, done: done[0].id, cookie, invitation };
}
