import { expect, test } from "vitest";

import { paths } from "@/paths";

import { guideAt } from "./guides";

test("every page that people work on has a guide", () => {
  const without = Object.values(paths).filter((path) => guideAt(path.replace("$name", "a").replace("$run", "b")) === undefined);
  expect(without).toEqual([paths.help, paths.gallery]);
});

test("the editor has another guide than the list it is reached from", () => {
  expect(guideAt("/workflows/orders/edit")).toBe("expressions");
  expect(guideAt("/workflows/edit")).toBe("first-workflow");
});
