import { expect, test } from "vitest";

import { integrationView, secretView, vendorView } from "./registerViews";

test("what makes no sense in an address is left out", () => {
  expect(integrationView.read({ find: 5, show: "all", open: "connector/stripe", more: 1 })).toEqual({ find: "5", open: "connector/stripe" });
  expect(vendorView.read({ show: "due", connector: "stripe", host: "" })).toEqual({ show: "due", connector: "stripe" });
  expect(secretView.read({ days: "90", show: "stale" })).toEqual({ days: 90, show: "stale" });
  expect([{ days: 0 }, { days: -3 }, { days: 1.5 }, { days: "soon" }, {}].map(secretView.read)).toEqual([{}, {}, {}, {}, {}]);
});
