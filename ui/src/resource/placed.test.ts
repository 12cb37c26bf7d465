import { expect, test } from "vitest";

import { faultAt, faultsElsewhere } from "./placed";

const problem = (pointer: string, detail = pointer, problems: never[] = []) => ({ code: "FP0101", detail, pointer, problems });

test("what is wrong inside of a field stands at the field, and at no other that begins alike", () => {
  const problems = [problem("/spec/events/1", "no event type"), problem("/spec/url2", "odd")];
  expect(faultAt(problems, "/spec/events")).toBe("no event type");
  expect(faultAt(problems, "/spec/url")).toBeUndefined();
});

test("what belongs to no field is left for below them", () => {
  expect(faultsElsewhere([problem("/spec/url"), problem("/spec/odd"), problem("")], ["/spec/url"]).map(({ pointer }) => pointer)).toEqual(["/spec/odd", ""]);
});
