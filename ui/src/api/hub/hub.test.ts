import { describe, expect, test } from "vitest";

import type { FollowOptions, Liveness } from "../follow";
import { Hub, STEP, type Tab } from "./hub";
import type { FromHub } from "./messages";

const ADA = { authorization: "Bearer ada", "fishplate-workspace": "main", "fishplate-environment": "prod" };

/** A hub in a world where time stands still and the streams say what the test lets them say. */
function world() {
  let now = 0;
  const pending: (() => void)[] = [];
  const streams: { options: FollowOptions; headers: Record<string, string>; open: boolean; hurried: number }[] = [];
  const hub = new Hub({
    now: () => now,
    later: (act) => pending.push(act),
    follow: (options, headers) => {
      const stream = { options, headers, open: true, hurried: 0 };
      streams.push(stream);
      // As the real one does: the first news comes before its maker has it in hand.
      options.onLiveness?.("connecting");
      return { after: null, stop: () => { stream.open = false; }, hurry: () => { stream.hurried += 1; } };
    },
  });
  return {
    hub,
    streams,
    open: () => streams.filter(({ open }) => open),
    tab: (): Tab & { heard: FromHub[] } => {
      const heard: FromHub[] = [];
      return { heard, tell: (message) => heard.push(message) };
    },
    pass: (millis: number) => { now += millis; },
    breathe: () => { pending.splice(0).forEach((act) => { act(); }); },
    all: (liveness: Liveness) => { streams.filter(({ open }) => open).forEach(({ options }) => options.onLiveness?.(liveness)); },
    changed: (kind: string) => { streams[0]?.options.onEvent({ id: "1", event: "changed", data: JSON.stringify({ kind, name: "orders" }) }); },
    ran: () => { streams[1]?.options.onEvent({ id: "run_1", event: "run", data: "{}" }); },
  };
}

const keys = (heard: FromHub[]) => heard.flatMap((message) => (message.say === "changed" ? message.keys : []));
const liveness = (heard: FromHub[]) => heard.flatMap((message) => (message.say === "liveness" ? [message.liveness] : [])).at(-1);

test("eight tabs share one set of streams, and each hears of a change", () => {
  const { hub, tab, open, changed, breathe } = world();
  const tabs = Array.from({ length: 8 }, tab);
  tabs.forEach((one) => { hub.hear(one, { say: "join", headers: ADA, again: false }); });
  expect(open().map(({ options }) => options.url)).toEqual(["/api/v1/watch", "/api/v1/watch/runs"]);
  changed("workflow");
  breathe();
  tabs.forEach(({ heard }) => { expect(keys(heard)).toEqual(["workflow"]); });
});

test("the streams end with the last tab, and not before", () => {
  const { hub, tab, open } = world();
  const [first, second] = [tab(), tab()];
  hub.hear(first, { say: "join", headers: ADA, again: false });
  hub.hear(second, { say: "join", headers: ADA, again: false });
  hub.hear(first, { say: "leave" });
  expect(open()).toHaveLength(2);
  hub.hear(second, { say: "leave" });
  expect(open()).toHaveLength(0);
  expect(hub.streamCount).toBe(0);
});

test("who has other rights or looks at another scope hears a channel of their own", () => {
  const { hub, tab, open, streams, breathe } = world();
  const [ada, bob, dev] = [tab(), tab(), tab()];
  hub.hear(ada, { say: "join", headers: ADA, again: false });
  hub.hear(bob, { say: "join", headers: { ...ADA, authorization: "Bearer bob" }, again: false });
  hub.hear(dev, { say: "join", headers: { ...ADA, "fishplate-environment": "dev" }, again: false });
  expect(open()).toHaveLength(6);
  streams[4]?.options.onEvent({ id: "1", event: "changed", data: '{"kind":"variable"}' });
  breathe();
  expect([ada, bob, dev].map(({ heard }) => keys(heard))).toEqual([[], [], ["variable"]]);
});

test("a thousand changes in one breath are told once", () => {
  const { hub, tab, changed, ran, breathe } = world();
  const one = tab();
  hub.hear(one, { say: "join", headers: ADA, again: false });
  for (let count = 0; count < 1_000; count += 1) {
    changed("workflow");
    ran();
  }
  breathe();
  expect(one.heard.filter(({ say }) => say === "changed")).toEqual([{ say: "changed", keys: ["workflow", "runs", "run", "dead"] }]);
});

describe("after a cut", () => {
  test("runs are read anew, because how they went on is not told again", () => {
    const { hub, tab, all, breathe } = world();
    const one = tab();
    hub.hear(one, { say: "join", headers: ADA, again: false });
    all("live");
    breathe();
    expect(keys(one.heard)).toEqual([]);
    all("cut");
    expect(liveness(one.heard)).toBe("cut");
    all("connecting");
    all("live");
    breathe();
    expect(keys(one.heard)).toEqual(["runs", "run", "dead"]);
  });

  test("a position that is too old makes every tab read everything anew", () => {
    const { hub, tab, streams } = world();
    const [first, second] = [tab(), tab()];
    [first, second].forEach((one) => { hub.hear(one, { say: "join", headers: ADA, again: false }); });
    streams[0]?.options.onGap();
    [first, second].forEach(({ heard }) => { expect(heard.at(-1)).toEqual({ say: "gap" }); });
  });

  test("the streams together are as live as the worst of them", () => {
    const { hub, tab, streams } = world();
    const one = tab();
    hub.hear(one, { say: "join", headers: ADA, again: false });
    streams[0]?.options.onLiveness?.("live");
    expect(liveness(one.heard)).toBe("connecting");
    streams[1]?.options.onLiveness?.("live");
    expect(liveness(one.heard)).toBe("live");
    streams[1]?.options.onLiveness?.("cut");
    expect(liveness(one.heard)).toBe("cut");
  });

  test("a tab in which somebody waits makes the streams try at once", () => {
    const { hub, tab, streams } = world();
    const one = tab();
    hub.hear(one, { say: "join", headers: ADA, again: false });
    hub.hear(one, { say: "hurry" });
    expect(streams.map(({ hurried }) => hurried)).toEqual([1, 1]);
  });
});

describe("tabs that come and go", () => {
  test("who joins a live channel knows at once that it is live", () => {
    const { hub, tab, all } = world();
    hub.hear(tab(), { say: "join", headers: ADA, again: false });
    all("live");
    const late = tab();
    hub.hear(late, { say: "join", headers: ADA, again: false });
    expect(late.heard).toEqual([{ say: "liveness", liveness: "live", problem: undefined }]);
  });

  test("who comes back reads everything anew", () => {
    const { hub, tab } = world();
    const one = tab();
    hub.hear(one, { say: "join", headers: ADA, again: true });
    expect(one.heard.at(-1)).toEqual({ say: "gap" });
  });

  test("a tab that crashed holds no streams for ever, and one that was only frozen is taken in again", () => {
    const { hub, tab, open, pass } = world();
    const [gone, there] = [tab(), tab()];
    hub.hear(gone, { say: "join", headers: { ...ADA, authorization: "Bearer gone" }, again: false });
    hub.hear(there, { say: "join", headers: ADA, again: false });
    for (let minute = 0; minute < 12; minute += 1) {
      pass(STEP);
      hub.hear(there, { say: "here" });
    }
    expect(open().map(({ headers }) => headers["authorization"])).toEqual(["Bearer ada", "Bearer ada"]);
    hub.hear(gone, { say: "here" });
    expect(gone.heard.at(-1)).toEqual({ say: "unknown" });
  });

  test("a refusal is told with its reason, and who joins later makes the hub ask again", () => {
    const { hub, tab, streams, open } = world();
    const one = tab();
    hub.hear(one, { say: "join", headers: ADA, again: false });
    const problem = { code: "FP0004", detail: "there is no scope `main/prod`", problems: [], status: 404 };
    streams.forEach(({ options }) => options.onLiveness?.("refused", problem));
    expect(one.heard.at(-1)).toEqual({ say: "liveness", liveness: "refused", problem });
    const late = tab();
    hub.hear(late, { say: "join", headers: ADA, again: false });
    expect(streams).toHaveLength(4);
    expect(open()).toHaveLength(4);
    streams.slice(2).forEach(({ options }) => options.onLiveness?.("live"));
    expect([one, late].map(({ heard }) => liveness(heard))).toEqual(["live", "live"]);
    hub.hear(one, { say: "leave" });
    hub.hear(late, { say: "leave" });
    expect(hub.streamCount).toBe(0);
  });
});
