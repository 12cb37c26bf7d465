import { expect, test } from "vitest";

import { copyText, readText, fragmentOfSpec } from "./clipboard";
import { brief, complete, pathExpression, preview, scriptAt, type RunData } from "./completion";
import { nodeById, positionOf, type Workflow } from "./document";
import { find } from "./find";
import { act, begin, redo, rebase, select, undo } from "./history";
import { align, distribute, tidy } from "./layout";
import { fragmentOf } from "./operations";
import { portsOf } from "./ports";
import { closesLoop, downstream, upstream } from "./reach";
import { counter, node, SHOP } from "./samples";

const SETTING = counter();

test("typing is one entry, a pause or another field begins a new one, and selections come back", () => {
  const type = (value: string, now: number, pointer = "/text") => (history: ReturnType<typeof begin>) =>
    act(history, [{ type: "setParameter", id: "greet", pointer, value }], SETTING, { label: "Edit", now, key: `greet${pointer}` });
  let history = select(begin(SHOP), ["greet"]);
  for (const step of [type("H", 0), type("He", 500), type("Hel", 1_900), type("Hell", 9_000), type("x", 9_100, "/other")]) history = step(history);
  expect(history.past.length).toBe(3);
  history = select(history, ["name"]);
  history = undo(undo(history));
  expect(nodeById(history.document, "greet")?.params).toEqual({ text: "Hel" });
  expect(history.selection).toEqual(["greet"]);
  expect(undo(history).document).toEqual(SHOP);
  expect(redo(redo(undo(history))).document).toEqual(redo(history).document);
  expect(act(history, [{ type: "setParameter", id: "greet", pointer: "/text", value: "n" }], SETTING, { label: "Edit", now: 9_200 }).future).toEqual([]);
});

test("an undo after a merge leaves the other's work alone", () => {
  let history = act(begin(SHOP), [{ type: "addNode", node: { name: "Mine", type: "core.set" } as never }], SETTING, { label: "Add", now: 0, select: true });
  history = rebase(history, { ...history.document, nodes: [...history.document.nodes, node("Theirs")] });
  const names = undo(history).document.nodes.map((one) => one.name);
  expect(names).toContain("Theirs");
  expect(names).not.toContain("Mine");
});

test("a refused operation changes nothing, not even its predecessors", () => {
  const history = begin(SHOP);
  expect(() => act(history, [{ type: "pin", id: "greet", items: [] }, { type: "renameNode", id: "gone", name: "x" }], SETTING, { label: "x", now: 0 })).toThrow("gone");
  expect(history.document).toBe(SHOP);
});

test("a copy is n8n's form and brings our nodes back exactly", () => {
  const fragment = fragmentOf(SHOP, ["webhook", "name", "is-known"]);
  const text = copyText(fragment, (type) => ({ "core.set": [{ type: "n8n-nodes-base.set", version: 3.4 }], "http.webhook": [{ type: "n8n-nodes-base.webhook", version: 2 }] })[type] ?? []);
  const n8n = JSON.parse(text) as { nodes: { type: string; parameters: unknown }[]; connections: unknown };
  expect(n8n.nodes.map((one) => one.type)).toEqual(["n8n-nodes-base.webhook", "n8n-nodes-base.set", "core.if", "n8n-nodes-base.stickyNote"]);
  expect(n8n.nodes[0]?.parameters).toMatchObject({ httpMethod: "POST", path: "shop" });
  expect(n8n.nodes[1]?.parameters).toMatchObject({ assignments: { assignments: [{ name: "name" }] } });
  expect(n8n.connections).toEqual({ Webhook: { main: [[{ node: "Name", type: "main", index: 0 }]] }, Name: { main: [[{ node: "Is known", type: "main", index: 0 }]] } });
  expect(readText(text)).toEqual({ kind: "fragment", fragment });
});

test("a text of n8n's becomes placeholders that keep everything, and no other text does", () => {
  const pasted = readText(JSON.stringify({
    nodes: [{ name: "A", type: "x.model", typeVersion: 1.3, position: [1, 2], parameters: { p: 1 }, credentials: { c: { id: "7" } } }, { name: "B", type: "y", parameters: {} }],
    connections: { A: { ai_languageModel: [[{ node: "B", type: "ai_languageModel", index: 0 }]] }, B: { main: [null, [{ node: "A", type: "main", index: 1 }]] } },
    pinData: { B: [{ json: { b: 1 } }] },
  }));
  if (pasted?.kind !== "n8n") throw new Error("not n8n's");
  expect(pasted.placeholders.nodes[0]).toMatchObject({ name: "A", type: "n8n.x.model", position: [1, 2], params: { p: 1 }, foreign: { n8n: { type: "x.model", typeVersion: 1.3, credentials: { c: { id: "7" } } } } });
  expect(pasted.placeholders.nodes[1]?.pinned).toEqual([{ json: { b: 1 } }]);
  expect(pasted.placeholders.edges).toEqual([{ from: "A", to: "B", attachment: "model" }, { from: "B", to: "A", output: 1, input: 1 }]);
  expect(JSON.parse(pasted.text)).toHaveProperty("name");
  expect([readText("hello"), readText("{}"), readText("[1]"), readText('{"nodes":[]}')]).toEqual([undefined, undefined, undefined, undefined]);
  expect(fragmentOfSpec(SHOP as never).edges).toBe(SHOP.edges);
});

test("a tidy layout runs from left to right, keeps the corner, and notes go with what lies on them", () => {
  const note = node("Note", { type: "core.note", position: [560, -160], params: { content: "x", width: 300, height: 200 } });
  const document: Workflow = { ...SHOP, nodes: [...SHOP.nodes, note, node("Far", { type: "core.note", position: [5000, 5000] })] };
  const positions = tidy(document);
  const x = (id: string) => positions[id]?.[0] ?? Number.NaN;
  const y = (id: string) => positions[id]?.[1] ?? Number.NaN;
  expect([x("webhook") < x("name"), x("name") < x("is-known"), x("is-known") < x("greet"), x("greet") === x("odd-one"), y("greet") !== y("odd-one")]).toEqual([true, true, true, true, true]);
  expect(Math.min(...SHOP.nodes.map((one) => x(one.id)))).toBe(0);
  expect(positions["note"]).toEqual([560 + x("greet") - 600, -160 + y("greet") + 100]);
  expect(Object.keys(tidy(document, ["name", "is-known"])).sort()).toEqual(["is-known", "name"]);
});

test("nodes are aligned and spread", () => {
  const nodes = [node("A", { position: [0, 0] }), node("B", { position: [50, 300] }), node("C", { position: [900, 100] })];
  expect(Object.values(align(nodes, "left")).map(([x]) => x)).toEqual([0, 0, 0]);
  expect(Object.values(align(nodes, "bottom")).map(([, y]) => y)).toEqual([300, 300, 300]);
  expect(Object.values(align(nodes, "center")).map(([x]) => x)).toEqual([450, 450, 450]);
  expect(distribute(nodes, "across")).toEqual({ a: [0, 0], b: [450, 300], c: [900, 100] });
  expect(Object.keys(distribute(nodes.slice(0, 2), "down"))).toEqual([]);
});

test("find looks at names, types, parameters and expressions", () => {
  expect(find(SHOP, "slack").map((hit) => [hit.node, hit.pointer])).toEqual([["odd-one", "/type"]]);
  expect(find(SHOP, "$NODE")).toMatchObject([{ node: "greet", pointer: "/params/text", start: 10, length: 5 }]);
  expect(find(SHOP, "name", 2).length).toBe(2);
  expect(find(SHOP, " ")).toEqual([]);
});

test("what is upstream is told nearest first, loops do no harm", () => {
  const loop: Workflow = { ...SHOP, edges: [...(SHOP.edges ?? []), { from: "Greet", to: "Name" }, { from: "Odd one", to: "Greet", attachment: "tool" }] };
  expect(upstream(loop, "Greet")).toEqual(["Is known", "Name", "Webhook"]);
  expect(upstream(loop, "Odd one")).toEqual(["Is known", "Greet", "Name", "Webhook"]);
  expect(downstream(SHOP, "Name")).toEqual(["Is known", "Greet", "Odd one"]);
  expect([closesLoop(SHOP, "Greet", "Name"), closesLoop(SHOP, "Webhook", "Greet")]).toEqual([true, false]);
});

test("ports follow parameters, the error branch and what is drawn", () => {
  const outputs = (more: object, document?: Workflow) => portsOf(node("S", more), SETTING.groupOf, document).outputs;
  const rules = [{ renameOutput: true, outputKey: "big" }, {}];
  expect(outputs({ type: "core.switch", params: { rules, fallbackOutput: "extra" }, onError: "errorBranch" })).toEqual(["big", "1", "fallback", "error"]);
  expect(outputs({ type: "core.switch", params: { mode: "expression" } })).toEqual(["0", "1", "2", "3"]);
  expect(outputs({ type: "some.thing" }, { nodes: [], edges: [{ from: "S", output: 2, to: "x" }] }).length).toBe(3);
  const inputs = (params: object) => portsOf(node("M", { type: "core.merge", params } as never), SETTING.groupOf).inputs.length;
  expect([inputs({ numberInputs: 5 }), inputs({ mode: "combine", numberInputs: 5 }), inputs({})]).toEqual([5, 2, 2]);
});

const DATA: RunData = {
  input: [{ json: { body: { name: "Ada", tags: ["x", "y"], "odd key": 1 }, count: 3 } }],
  outputs: new Map([["Webhook", [{ json: { id: 7, list: [{ deep: true }] } }]]]),
  upstream: ["It's", "Webhook"],
  variables: [{ name: "API", value: "https://x" }],
};

function labels(script: string): string[] {
  return complete(script, DATA)?.options.map((option) => option.label) ?? [];
}

test("completion walks the data of the last run", () => {
  expect(labels("$json.").slice(0, 2)).toEqual(["body", "count"]);
  expect(labels("$json.body.na")[0]).toBe("name");
  expect(labels("$json?.body?.").slice(0, 3)).toEqual(["name", "tags", "odd key"]);
  expect(labels("$('Webhook').item.json.list[0].")).toContain("deep");
  expect(labels("$node[\"Webhook\"].json.")).toContain("id");
  expect(labels("$input.first().json.body.")).toContain("tags");
  expect(labels("$vars.")).toEqual(["API"]);
  expect(labels("$json.body.name.")).toContain("toTitleCase");
  expect(labels("$json.body.tags.")).toEqual(expect.arrayContaining(["map", "pluck"]));
  expect(labels("$json.body.name.toUpperCase().")).toContain("trim");
  expect(labels("$now.plus({ days: 1 }).")).toContain("toISO");
  expect(labels("$jso")).toContain("$json");
  expect(complete("1 + $json.bo", DATA)?.from).toBe(10);
});

test("completion offers nodes inside the quotes and nothing inside other texts", () => {
  expect(complete("$('", DATA)?.options).toEqual([{ label: "It's", kind: "node", insert: "It\\'s')" }, { label: "Webhook", kind: "node", insert: "Webhook')" }]);
  expect(labels("$('we")).toEqual(["Webhook"]);
  expect([labels("'$json."), labels("$json.gone."), labels("$json.body ")]).toEqual([[], [], []]);
  expect(complete("$json.body.odd", DATA)?.options[0]?.insert).toBe('["odd key"]');
});

test("the script of a template is the part between braces", () => {
  expect(scriptAt("=a {{ $json. }}", 12)).toEqual({ script: " $json.", offset: 5 });
  expect(scriptAt("=a {{ 1 }} b", 12)).toBeUndefined();
  expect(pathExpression("It's", ["a", "0", "b c"])).toBe("$('It\\'s').item.json.a[0][\"b c\"]");
  expect([brief([1]), brief({}), brief("a"), brief("x".repeat(60)).length]).toEqual(["list of 1", "object of 0", '"a"', 40]);
});

test("positions that are not written are the origin", () => {
  expect(positionOf(node("A"))).toEqual([0, 0]);
});

test("a plain expression shows its value, and what needs JavaScript says so", () => {
  const value = (text: string) => preview(text, DATA);
  expect(value("={{ $json.body.name }}")).toEqual({ is: "value", value: "Ada" });
  expect(value("=Hello {{ $json.body.name }}, {{ $('Webhook').item.json.id }}!")).toEqual({ is: "value", value: "Hello Ada, 7!" });
  expect(value("={{ $json.body.tags }}")).toEqual({ is: "value", value: ["x", "y"] });
  expect(value('={{ $json.body["odd key"] }}')).toEqual({ is: "value", value: 1 });
  expect(value("={{ $('Webhook').first().json.list[0].deep }}")).toEqual({ is: "value", value: true });
  expect(value("={{ $json.body.nmae }}")).toEqual({ is: "missing", what: "nmae" });
  expect([value("={{ $json.count + 1 }}"), value("={{ 1 + $json.count }}"), value("={{ $json.body.name.toUpperCase() }}"), value("={{ $('Other').item.json.x }}")].map((one) => one.is)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
  expect([value("plain"), value("={{ 12 }}")]).toEqual([{ is: "value", value: "plain" }, { is: "value", value: 12 }]);
});

test("a group is a group again after the clipboard, and a note behind its nodes in n8n", () => {
  const fragment = fragmentOf(SHOP, ["webhook", "name"]);
  const text = copyText(fragment, () => []);
  const read = readText(text);
  expect(read?.kind === "fragment" ? read.fragment.groups : undefined).toEqual([{ id: "g1", title: "Start", nodes: ["webhook", "name"] }]);
  const foreign = JSON.parse(text) as { nodes: { type: string; name: string; position: number[]; parameters: { width: number; height: number } }[] };
  const note = foreign.nodes.find((one) => one.type === "n8n-nodes-base.stickyNote");
  expect(note).toMatchObject({ name: "Start", position: [-20, -40], parameters: { width: 400, height: 124 } });
});
