import { expect, test } from "vitest";

import { bytes, passkeyTrouble, text } from "./passkey";

test("bytes survive the way to the server and back", () => {
  for (let length = 0; length < 70; length += 1) {
    const made = Uint8Array.from({ length }, (_, at) => (at * 37 + length * 11) % 256);
    const written = text(made.buffer);
    expect(written).toMatch(/^[A-Za-z0-9_-]*$/);
    expect([...new Uint8Array(bytes(written))]).toEqual([...made]);
  }
});

test("whoever turns away is told so in words", () => {
  expect(passkeyTrouble(new DOMException("x", "NotAllowedError"))).toContain("cancelled");
  expect(passkeyTrouble(new Error("other"))).toBeNull();
});
