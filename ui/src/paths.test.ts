import { expect, test } from "vitest";

import { ownPath } from "./paths";

test.each(["/runs?status=failed#top", "/workflows/orders/edit", "/"])("%s is a place of the app", (path) => {
  expect(ownPath(path)).toBe(path);
});

test.each(["//evil.example", "/\\evil.example", "/.//evil.example", "/a/..//evil.example", "//", "https://evil.example/", "javascript:alert(1)", 7, undefined])(
  "%s leads nowhere but home",
  (path) => {
    expect(ownPath(path)).toBe("/");
  },
);
