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
  const cookie = await server.person();
  const invitation = await server.invitation("grace@example.com");
  return { workflow: "greeting", connection: "crm", run: failed[0].id, done: done[0].id, cookie, invitation };
}
