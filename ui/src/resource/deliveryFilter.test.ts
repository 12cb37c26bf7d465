import { expect, test } from "vitest";

import { arrivalFilter, shownBody } from "./arrivalFilter";
import { deliveryFilter } from "./deliveryFilter";

test("an old or broken address still shows something", () => {
  expect(deliveryFilter.read({ subscriber: " crm ", event: "", status: "odd", within: "year", open: "msg_1", customer: 7 })).toEqual({ subscriber: "crm" });
  expect(deliveryFilter.read({ status: "failed", within: "day", open: "msg_1/crm" })).toEqual({ status: "failed", within: "day", open: "msg_1/crm" });
  expect(arrivalFilter.read({ verdict: "odd", workflow: "", within: "week" })).toEqual({ within: "week" });
});

test("a period ends when one looks", () => {
  expect(deliveryFilter.query({ within: "hour", status: "failed" }, 10_000_000)).toEqual({ status: "failed", since: 6_400_000 });
  expect(arrivalFilter.query({ within: "hour", open: "arr_1" }, 10_000_000)).toEqual({ since: 6_400_000 });
});

test("a delivery in an address is a message and a subscriber", () => {
  const place = { message: "msg_1", subscriber: "crm" };
  expect(deliveryFilter.place(deliveryFilter.written(place))).toEqual(place);
  expect(deliveryFilter.place("msg_1")).toBeNull();
  expect(deliveryFilter.place("/crm")).toBeNull();
});

test("a body is shown as a value when it is one", () => {
  expect(shownBody('{"a":1}')).toEqual({ json: { a: 1 } });
  expect(shownBody("7")).toEqual({ text: "7" });
  expect(shownBody("a=1&b=2")).toEqual({ text: "a=1&b=2" });
});
