import { expect, test } from "vitest";

import { applyAll } from "../../canvas/graph/change";
import { nodeById, type Workflow } from "../../canvas/graph/document";
import { plan, type Operation } from "../../canvas/graph/operations";
import { counter, SHOP } from "../../canvas/graph/samples";
import { Autosave, type Merged, type SaveState, type Shelf } from "./autosave";
import { calls, type Transport } from "./calls";

/** A server with one draft, as the API keeps it. */
class Server implements Transport {
  version = 1;
  spec: unknown = SHOP;
  away = false;
  send: Transport["send"] = async (method, _path, options) => {
    if (this.away) throw new TypeError("network");
    if (method === "PUT") {
      if (options?.ifMatch !== this.version) return { status: 412, body: { code: "FP0106", detail: "stale" } };
      this.version += 1;
      this.spec = JSON.parse(JSON.stringify((options.body as { spec: unknown }).spec));
    }
    return { status: 200, body: { version: this.version, spec: this.spec, updatedBy: "ada" } };
  };
  stream = async () => {};
  live = () => () => {};
}

function shelf(): Shelf & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return { kept, read: (key) => kept.get(key) ?? null, write: (key, value) => (value === undefined ? kept.delete(key) : kept.set(key, value)) };
}

const done = (document: Workflow, operation: Operation) => applyAll(document, plan(document, operation, counter()).changes);

async function editor(server: Server, keep = shelf()) {
  const { save, document, recovered } = await Autosave.begin("shop", calls(server), keep);
  const states: SaveState["is"][] = [];
  const merges: Merged[] = [];
  const it = { save, document, states, merges, keep, recovered };
  save.hooks = {
    document: () => it.document,
    take: (next) => (it.document = next),
    onState: (state) => states.push(state.is),
    onMerged: (merged) => merges.push(merged),
    onDraft: () => {},
  };
  const edit = (operation: Operation) => {
    it.document = done(it.document, operation);
    save.changed();
  };
  return Object.assign(it, { edit });
}

test("two editors that save at once lose nothing, and the second is told whose work arrived", async () => {
  const server = new Server();
  const [one, two] = [await editor(server), await editor(server)];
  one.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "one" });
  two.edit({ type: "renameNode", id: "name", name: "Person" });
  expect([await one.save.flush(), await two.save.flush()]).toEqual([true, true]);
  const stored = server.spec as Workflow;
  expect([nodeById(stored, "greet")?.params?.["text"], nodeById(stored, "name")?.name]).toEqual(["one", "Person"]);
  expect(two.merges.map(({ by, conflicts, arrived }) => [by, conflicts.length, arrived])).toEqual([["ada", 0, ["greet"]]]);
  expect(one.merges).toEqual([]);
});

test("what was typed while the server was away is kept and comes back on the next visit", async () => {
  const server = new Server();
  const keep = shelf();
  const first = await editor(server, keep);
  server.away = true;
  first.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "typed" });
  expect(await first.save.flush()).toBe(false);
  first.save.stop();
  expect(first.states.at(-1)).toBe("offline");
  server.away = false;
  server.spec = done(SHOP, { type: "setOption", id: "name", option: "notes", value: "by somebody" });
  server.version = 9;
  const second = await editor(server, keep);
  expect(second.recovered).toEqual([]);
  expect(nodeById(second.document, "greet")?.params?.["text"]).toBe("typed");
  expect(nodeById(second.document, "name")?.notes).toBe("by somebody");
  second.save.changed();
  expect(await second.save.flush()).toBe(true);
  expect(keep.kept.size).toBe(0);
});

test("a text that the server refuses stays in the browser", async () => {
  const server = new Server();
  const it = await editor(server);
  server.send = async () => ({ status: 422, body: { code: "FP0104", detail: "`params` is too big" } });
  it.edit({ type: "setWorkflow", field: "title", value: "x" });
  expect(await it.save.flush()).toBe(false);
  it.save.stop();
  expect(it.states.at(-1)).toBe("refused");
  expect(it.keep.kept.size).toBe(1);
});

test("who leaves the page in the middle of a word has it saved", async () => {
  const server = new Server();
  const it = await editor(server);
  it.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "half a wo" });
  await it.save.leave();
  expect(nodeById(server.spec as Workflow, "greet")?.params?.["text"]).toBe("half a wo");
  const quiet = await editor(server);
  const { version } = server;
  await quiet.save.leave();
  expect(server.version).toBe(version);
});

test("what another page saves comes in at once, and is not saved once more", async () => {
  const server = new Server();
  const [one, two] = [await editor(server), await editor(server)];
  one.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "one" });
  await one.save.flush();
  await two.save.pull({ version: server.version, by: "user:ada" });
  expect(nodeById(two.document, "greet")?.params?.["text"]).toBe("one");
  expect(two.states.at(-1)).toBe("saved");
  expect(await two.save.flush()).toBe(true);
  expect(server.version).toBe(2);
});

test("what comes in while one types is merged, and both are saved", async () => {
  const server = new Server();
  const [one, two] = [await editor(server), await editor(server)];
  two.edit({ type: "renameNode", id: "name", name: "Person" });
  one.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "one" });
  await one.save.flush();
  await two.save.pull({ version: server.version, by: "user:ada" });
  expect(two.states.at(-1)).toBe("dirty");
  expect(await two.save.flush()).toBe(true);
  const stored = server.spec as Workflow;
  expect([nodeById(stored, "greet")?.params?.["text"], nodeById(stored, "name")?.name]).toEqual(["one", "Person"]);
});

test("news of one's own save, however early it comes, is no news", async () => {
  const server = new Server();
  const it = await editor(server);
  it.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "one" });
  const saving = it.save.flush();
  await it.save.pull({ version: 2, by: "token:owner" });
  expect(await saving).toBe(true);
  await it.save.pull();
  expect(it.merges).toEqual([]);
});

test("a server that cannot be reached costs nothing when news is looked after", async () => {
  const server = new Server();
  const it = await editor(server);
  server.away = true;
  await it.save.pull();
  server.away = false;
  it.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "one" });
  expect(await it.save.flush()).toBe(true);
});

test("what is typed while the draft is being published is no part of the revision and is saved as the next draft", async () => {
  const server = new Server();
  const one = await editor(server);
  one.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "published" });
  const { send } = server;
  server.send = async (method, path, options) => {
    if (method !== "POST") return send(method, path, options);
    one.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "typed meanwhile" });
    return { status: 200, body: { resource: { revision: 2 } } };
  };
  await one.save.publish();
  expect(one.keep.kept.size).toBe(1);
  expect(one.states.at(-1)).toBe("dirty");
  one.save.stop();
});

test("a revision that somebody wrote by hand, without ids, keeps the nodes that are open and what is not saved in them", async () => {
  const server = new Server();
  const one = await editor(server);
  one.edit({ type: "renameNode", id: "greet", name: "Say hello" });
  await one.save.flush();
  one.edit({ type: "setParameter", id: "greet", pointer: "/text", value: "not saved yet" });
  server.version += 1;
  const written = JSON.parse(JSON.stringify(server.spec)) as { nodes: Record<string, unknown>[]; title: string };
  server.spec = { ...written, title: "By hand", nodes: written.nodes.map(({ id: _id, ...node }) => node) };
  await one.save.pull();
  expect(one.document.title).toBe("By hand");
  expect(nodeById(one.document, "greet")).toMatchObject({ name: "Say hello", params: { text: "not saved yet" } });
  expect(one.document.nodes).toHaveLength(SHOP.nodes.length);
  one.save.stop();
});
