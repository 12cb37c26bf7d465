// @vitest-environment jsdom
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { Glyph } from "./Glyph";

afterEach(cleanup);

const picture = (type: string, group: string) => render(<Glyph type={type} group={group} />).container.querySelector("img")?.getAttribute("src");

test("an operation and a trigger of a service have its picture", () => {
  expect(picture("google-sheets.row.append", "action")).toBe("/api/v1/connectors/google-sheets/icon");
  expect(picture("slack.message.received", "trigger")).toBe("/api/v1/connectors/slack/icon");
});

test("what is ours has a sign, and what nobody knows is not asked for", () => {
  for (const [type, group] of [["core.set", "transform"], ["core.something-new", "flow"], ["db.oracle", "action"], ["slack.message.post", "unknown"], ["note", "note"]] as const) expect(picture(type, group)).toBeUndefined();
});
