import { expect, test } from "vitest";

import { columnsOf, contentOf, pathOf, shapeOf } from "./shape";

const items = [{ id: 1, who: { name: "Ada" } }, { id: "2", tags: ["x"] }, { id: 3, who: null }];

test("fields are found with their kinds and how many items have them", () => {
  const shapes = shapeOf(items);
  expect(shapes.map((shape) => shape.path)).toEqual(["id", "who", "who.name", "tags"]);
  expect(shapes[0]).toEqual({ path: "id", kinds: ["number", "string"], share: 1, example: "1" });
  expect(shapes[1]).toMatchObject({ kinds: ["object", "null"], share: 2 / 3 });
  expect(shapes[2]).toMatchObject({ share: 1 / 3, example: "Ada" });
});

test("columns begin with what most items have", () => {
  expect(columnsOf([{ rare: 1, all: 1 }, { all: 2 }])).toEqual(["all", "rare"]);
  expect(columnsOf([], 3)).toEqual([]);
});

test("what is beside the content of an item is left out", () => {
  expect(contentOf({ json: { a: 1 }, binary: {} })).toEqual({ a: 1 });
  expect(contentOf(5)).toBe(5);
});

test("a pointer is written as expressions write a path", () => {
  expect(["/url", "/rules/0/at", "/headers/x-key", "/a~1b", ""].map(pathOf)).toEqual(["url", "rules[0].at", 'headers["x-key"]', '["a/b"]', ""]);
});
