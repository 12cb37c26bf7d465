import { expect, test } from "vitest";

import { EventReader } from "./events";

const text = "id: 7\nevent: run\ndata: {\"a\":1}\n\n: a heartbeat\n\nid: 8\ndata: one\ndata: two\n\n";

test("events come out whole, wherever the network cuts", () => {
  for (let cut = 0; cut <= text.length; cut += 1) {
    const reader = new EventReader();
    const events = [...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))];
    expect(events).toEqual([
      { id: "7", event: "run", data: '{"a":1}' },
      { id: "8", event: "message", data: "one\ntwo" },
    ]);
  }
});

test("lines may end with a carriage return, also where the network cuts between the two", () => {
  const reader = new EventReader();
  expect([...reader.push("data: x\r"), ...reader.push("\n\r\n")]).toEqual([{ id: null, event: "message", data: "x" }]);
});
