// Fills a new n8n with what a small shop has, calls its webhooks, and writes down what its API and they answer.
//
//   node seed.mjs <address of an n8n without an owner> <file for the answers> <file for the key>
//
// The tests of moving replay the answers where there is no n8n, and ask the same n8n where there is one.

import { readFileSync, writeFileSync } from "node:fs";

const [address, answersFile, keyFile] = process.argv.slice(2);
const shop = JSON.parse(readFileSync(new URL("shop.json", import.meta.url), "utf8"));
const json = { "content-type": "application/json" };

async function send(method, path, headers, body) {
  const response = await fetch(address + path, { method, headers, body, redirect: "manual" });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function must(method, path, headers, body) {
  const answer = await send(method, path, { ...json, ...headers }, body === undefined ? undefined : JSON.stringify(body));
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
  return { ...answer, value: answer.text === "" ? null : JSON.parse(answer.text) };
}

// The port answers before the routes are there.
async function until(what, ready) {
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((done) => setTimeout(done, 300))) {
    if (await ready().catch(() => false)) return;
  }
  throw new Error(`n8n never came to ${what}`);
}

const owner = { email: "owner@example.com", firstName: "Olga", lastName: "Owner", password: "Correct-Horse-7" };
let cookie = "";
await until("take its owner", async () => {
  const answer = await send("POST", "/rest/owner/setup", json, JSON.stringify(owner));
  cookie = (answer.headers.getSetCookie?.() ?? []).map((one) => one.split(";")[0]).join("; ");
  return answer.status === 200 && cookie !== "";
});
const scopes = (await must("GET", "/rest/api-keys/scopes", { cookie })).value.data;
const made = await must("POST", "/rest/api-keys", { cookie }, { label: "moving", scopes, expiresAt: null });
const key = { "x-n8n-api-key": made.value.data.rawApiKey };

const tags = {};
for (const name of shop.tags) tags[name] = (await must("POST", "/api/v1/tags", key, { name })).value.id;
const credentials = {};
for (const one of shop.credentials) {
  const { ref, ...body } = one;
  const { id, name, type } = (await must("POST", "/api/v1/credentials", key, body)).value;
  credentials[ref] = { id, name, type };
}
const ids = {};
for (const { tags: tagged = [], active, ref, ...workflow } of shop.workflows) {
  // A workflow names credentials and other workflows by what n8n called them.
  const text = JSON.stringify(workflow).replace(/"@(\w+):(\w+)"/g, (_, kind, name) => {
    if (kind === "workflow") return JSON.stringify(ids[name]);
    return JSON.stringify({ id: credentials[name].id, name: credentials[name].name });
  });
  const { id } = (await must("POST", "/api/v1/workflows", key, JSON.parse(text))).value;
  ids[ref] = id;
  if (tagged.length > 0) await must("PUT", `/api/v1/workflows/${id}/tags`, key, tagged.map((name) => ({ id: tags[name] })));
  if (active) await must("POST", `/api/v1/workflows/${id}/activate`, key, {});
}

const answers = [];
const record = async (method, path, headers, body) => {
  const answer = await send(method, path, headers, body);
  const kept = {};
  for (const name of ["content-type", "x-source", "location"]) {
    if (answer.headers.has(name)) kept[name] = answer.headers.get(name);
  }
  answers.push({ method, path, key: "x-n8n-api-key" in headers ? headers["x-n8n-api-key"] === key["x-n8n-api-key"] : null, sent: body ?? "", status: answer.status, headers: kept, body: answer.text });
  return answer;
};
await until("register its webhooks", async () => {
  const { method, path, headers, body } = shop.calls[0];
  return (await send(method, path, headers, body)).status !== 404;
});
// What follows is seen by the list of executions, so that first call is taken out of it.
for (const one of (await must("GET", "/api/v1/executions", key)).value.data) await must("DELETE", `/api/v1/executions/${one.id}`, key);
for (const { method, path, headers, body } of shop.calls) await record(method, path, headers, body);
await until("write its executions down", async () => {
  const { data } = (await must("GET", "/api/v1/executions", key)).value;
  return data.length >= shop.calls.length && data.every((one) => one.finished || one.status === "error");
});

for (const path of ["tags", "variables", "credentials", "projects"]) await record("GET", `/api/v1/${path}?limit=250`, key);
const first = JSON.parse((await record("GET", "/api/v1/workflows?limit=2", key)).text);
for (let cursor = first.nextCursor; cursor; ) {
  cursor = JSON.parse((await record("GET", `/api/v1/workflows?limit=2&cursor=${cursor}`, key)).text).nextCursor;
}
for (const type of new Set(shop.credentials.map((one) => one.type))) await record("GET", `/api/v1/credentials/schema/${type}`, key);
const list = JSON.parse((await record("GET", "/api/v1/executions?limit=100&includeData=false", key)).text);
for (const { id } of list.data) await record("GET", `/api/v1/executions/${id}?includeData=true`, key);
await record("GET", "/api/v1/workflows?limit=250", { "x-n8n-api-key": "wrong" });
await record("GET", "/api/v1/no-such-thing", key);

// Nothing of this machine is kept.
const plain = JSON.stringify(answers, null, 1).replaceAll(address, "http://n8n.example.com");
writeFileSync(answersFile, plain.replaceAll(new URL(address).host, "n8n.example.com") + "\n");
writeFileSync(keyFile, key["x-n8n-api-key"], { mode: 0o600 });
