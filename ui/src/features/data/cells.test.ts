import { expect, test } from "vitest";

import { columnFault, freeId, renamed, textOf, valueOf, type ColumnType } from "./cells";

test("what is typed becomes a value of the column's type, or says why it is none", () => {
  const cases: [string, ColumnType, unknown][] = [
    ["a", "string", "a"], [" a ", "string", " a "], ["", "string", null], ["5", "string", "5"],
    ["12.5", "number", 12.5], ["12,5", "number", 12.5], [" ", "number", null], ["-1e3", "number", -1000],
    ["yes", "boolean", true], ["FALSE", "boolean", false], ["", "boolean", null],
    ["2026-05-01", "date", "2026-05-01"], ["2026-05-01 10:00", "date", "2026-05-01 10:00"],
  ];
  for (const [typed, type, value] of cases) expect(valueOf(typed, type), `${typed} as ${type}`).toEqual({ value });
  for (const [typed, type] of [["many", "number"], ["Infinity", "number"], ["perhaps", "boolean"], ["soon", "date"], ["2026-13-01", "date"]] as const) expect(valueOf(typed, type), typed).toHaveProperty("fault");
});

test("a cell shows what its editor takes back", () => {
  expect(["x", 5, true, null, undefined].map((value) => textOf(value))).toEqual(["x", "5", "yes", "", ""]);
  expect(textOf("2026-05-01T00:00:00.000Z", "date")).toBe("2026-05-01");
  expect(textOf("2026-05-01T10:20:30.000Z", "date")).toBe("2026-05-01T10:20:30Z");
  expect(valueOf(textOf("2026-05-01T10:20:30.000Z", "date"), "date")).toEqual({ value: "2026-05-01T10:20:30Z" });
});

test("a column keeps its cells under another name, and a new one does not take them", () => {
  const address = renamed({ name: "mail", type: "string" }, "address");
  expect(address).toEqual({ name: "address", type: "string", id: "mail" });
  expect(renamed(address, "mail")).toEqual({ name: "mail", type: "string" });
  expect(freeId("mail", [address])).toBe("mail_2");
  expect(freeId("mail", [address, { name: "x", id: "mail_2" }])).toBe("mail_3");
  expect(freeId("name", [address])).toBeUndefined();
});

test("a name that no column can have says why", () => {
  expect(columnFault("mail", ["age"])).toBeUndefined();
  for (const name of ["", "id", "a b", "1a", "age", "x".repeat(64)]) expect(columnFault(name, ["age"]), name).toBeTypeOf("string");
});
