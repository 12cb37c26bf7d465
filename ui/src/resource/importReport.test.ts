import { expect, test } from "vitest";

import { reading, theirNodes, verdict, type FileReport } from "./importReport";

const report = (more: Partial<FileReport>): FileReport => ({ file: "a.json", workflow: "a", nodes: 4, supported: 4, unsupported: [], problems: [], connections: [], roundTrip: true, ...more });
const FILE = JSON.stringify({ nodes: [
  { name: "Sheet", type: "n8n-nodes-base.googleSheets", typeVersion: 4 },
  { name: "Agent", type: "@n8n/n8n-nodes-langchain.agent", typeVersion: 1.7 },
  { name: "Mail", type: "n8n-nodes-base.emailSend", typeVersion: 2 },
  { name: "Table", type: "n8n-nodes-base.googleSheets", typeVersion: 4 },
] });
const NODES = theirNodes(FILE)[0] ?? [];
const missing = (type: string, typeVersion: number, count: number, reason = "there is no node type for it here") => ({ type, typeVersion, count, reason });

test("nodes are read from one workflow, from lists of them, and from nothing else", () => {
  expect(NODES.map((node) => node.name)).toEqual(["Sheet", "Agent", "Mail", "Table"]);
  expect(theirNodes(`[${FILE},{}]`).map((nodes) => nodes.length)).toEqual([4, 0]);
  expect(theirNodes(`{"data":[${FILE}]}`).map((nodes) => nodes.length)).toEqual([4]);
  expect([theirNodes("kind: workflow"), theirNodes("null")]).toEqual([[], [[]]]);
});

test("placeholders are grouped by what becomes of them, with the names of their nodes", () => {
  const { placeholders } = reading(report({ unsupported: [missing("n8n-nodes-base.googleSheets", 4, 2), missing("@n8n/n8n-nodes-langchain.agent", 1.7, 1), missing("n8n-nodes-base.set", 9, 1, "version 9 is not known here")] }), NODES);
  expect(placeholders.map((group) => group.types.map((type) => [type.later.name, type.nodes]))).toEqual([[["Google Sheets", ["Sheet", "Table"]]], [["Agent", ["Agent"]]], [["Set", []]]]);
  expect(placeholders[2]?.comes).toBe("Version 9 is not known here");
});

test("a connection that only placeholders use can wait, and one for a login is asked for as that login", () => {
  const { connections } = reading(report({
    unsupported: [missing("n8n-nodes-base.googleSheets", 4, 2)],
    connections: [{ connection: "sheets", type: "googleSheetsOAuth2Api", title: "Sheets", nodes: ["Sheet", "Table"] }, { connection: "smtp", type: "smtp", title: "SMTP", nodes: ["Mail"] }],
  }), NODES);
  expect(connections.map((one) => [one.name, one.kinds, one.idle])).toEqual([["smtp", ["login:smtp"], false], ["sheets", undefined, true]]);
});

test("remarks stand with the node that they are about", () => {
  const problem = (detail: string, pointer: string) => ({ code: "FP0802" as const, detail, pointer, problems: [] });
  const { remarks } = reading(report({ problems: [problem("a", "/nodes/2/parameters/x"), problem("b", "/settings"), problem("c", "/nodes/2")] }), NODES);
  expect(remarks.map((group) => [group.node, group.problems.map((one) => one.detail)])).toEqual([["Mail", ["a", "c"]], [undefined, ["b"]]]);
});

test("the first word says whether it runs", () => {
  const word = (more: Partial<FileReport>) => { const one = report(more); return verdict(one, reading(one, NODES)).word; };
  expect([word({}), word({ workflow: null }), word({ unsupported: [missing("n8n-nodes-base.slack", 2, 1)], supported: 3 }), word({ connections: [{ connection: "smtp", type: "smtp", title: "SMTP", nodes: ["Mail"] }] })]).toEqual(["Runs as it is", "Cannot be read", "Has placeholders", "Needs connections"]);
});
