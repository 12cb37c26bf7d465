import { expect, test } from "vitest";

import { node } from "../../canvas/graph/samples";
import type { NodeType } from "./calls";
import { fitting } from "./ConnectionPicker";
import { slotsOf } from "./slots";

const type = (kinds: string[]) => ({ connections: [{ slot: "auth", kinds }] }) as unknown as NodeType;

test("a webhook asks for an account of the kind of caller that it lets in, and for none when anybody may call", () => {
  const hook = (auth: { kind: string }) => slotsOf(node("Hook", { type: "http.webhook", params: { auth } }), type(["basic", "header", "jwt"]));
  expect(hook({ kind: "header" })).toEqual([{ slot: "auth", kinds: ["header"] }]);
  expect(hook({ kind: "none" })).toEqual([]);
});

test("a slot that the type does not know is still shown, so that nothing that is set is hidden", () => {
  const request = node("Ask", { type: "http.request", connections: { auth: "a", proxy: "b" } });
  expect(slotsOf(request, type(["bearer"]))).toEqual([{ slot: "auth", kinds: ["bearer"] }, { slot: "proxy", kinds: undefined }]);
});

test("only connections of the kinds that a slot takes are offered", () => {
  const all = [{ name: "b", spec: { auth: { type: "bearer" } } }, { name: "a", spec: { auth: { type: "basic" }, title: "Shop" } }];
  expect(fitting(all, ["basic"])).toEqual([{ name: "a", title: "Shop", kind: "basic" }]);
  expect(fitting(all, undefined).map((one) => one.name)).toEqual(["b", "a"]);
});
