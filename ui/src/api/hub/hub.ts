//! One place in the browser hears what changes on the server and tells all tabs.
//!
//! A browser opens six connections to a server at most, and a stream holds one for as long as it lives: with two for
//! each tab the third tab could load nothing. The hub is pure: streams, clock and tabs are given to it, so that a
//! shared worker, one of the tabs or a test can be its home.

import type { ServerEvent } from "../events";
import type { Following, FollowOptions, Liveness } from "../follow";
import type { Problem } from "../problem";
import type { FromHub, ToHub } from "./messages";

/** A tab, seen from the hub. */
export interface Tab {
  tell: (message: FromHub) => void;
}

export interface World {
  follow: (options: FollowOptions, headers: Record<string, string>) => Following;
  now: () => number;
  /** Calls later, once. */
  later: (act: () => void, millis: number) => void;
}

/** Tabs say every half minute that they are there; in the background the browser makes a minute of it. */
export const STEP = 30_000;
const SILENCE = 5 * 60_000;
/** A thousand changes in a second are told in twenty messages. */
const BREATH = 50;

const RUNS = ["runs", "run", "dead"];

/** What is followed, and which query keys an event of it concerns. */
const SOURCES: { url: string; keys: (event: ServerEvent) => string[]; missedInCut: string[] }[] = [
  { url: "/api/v1/watch", keys: kindOf, missedInCut: [] },
  // How runs go on has no position: what changed while it was cut is not told again.
  { url: "/api/v1/watch/runs", keys: runOf, missedInCut: RUNS },
];

/** Tabs of the same person in the same scope, and what they hear. */
interface Channel {
  tabs: Set<Tab>;
  streams: { following: Following; liveness: Liveness }[];
  liveness: Liveness;
  problem: Problem | undefined;
  changed: Set<string>;
  told: boolean;
}

export class Hub {
  readonly #world: World;
  readonly #channels = new Map<string, Channel>();
  readonly #tabs = new Map<Tab, { channel: string; heardAt: number }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** How many streams are open, for tests. */
  get streamCount(): number {
    return [...this.#channels.values()].reduce((sum, channel) => sum + channel.streams.length, 0);
  }

  hear(tab: Tab, message: ToHub): void {
    const known = this.#tabs.get(tab);
    if (message.say === "join") this.#join(tab, message.headers, message.again);
    else if (message.say === "leave") this.#leave(tab);
    else if (known === undefined) tab.tell({ say: "unknown" });
    else {
      known.heardAt = this.#world.now();
      if (message.say === "hurry") this.#channels.get(known.channel)?.streams.forEach(({ following }) => { following.hurry(); });
    }
    this.#sweep();
  }

  #join(tab: Tab, headers: Record<string, string>, again: boolean): void {
    // Who has other rights, or looks at another scope, hears another channel.
    const name = JSON.stringify(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (this.#tabs.get(tab)?.channel !== name) this.#leave(tab);
    let channel = this.#channels.get(name);
    // What was refused once may be granted to who comes later.
    const finished = channel?.streams.every(({ liveness }) => liveness === "refused") === true;
    if (channel === undefined || finished) {
      const before: Channel | undefined = channel;
      channel = { tabs: before?.tabs ?? new Set(), streams: [], liveness: "connecting", problem: undefined, changed: new Set(), told: false };
      this.#channels.set(name, channel);
      this.#open(channel, headers);
    }
    channel.tabs.add(tab);
    this.#tabs.set(tab, { channel: name, heardAt: this.#world.now() });
    tab.tell({ say: "liveness", liveness: channel.liveness, problem: channel.problem });
    if (again) tab.tell({ say: "gap" });
  }

  #leave(tab: Tab): void {
    const name = this.#tabs.get(tab)?.channel;
    this.#tabs.delete(tab);
    const channel = name === undefined ? undefined : this.#channels.get(name);
    if (name === undefined || channel === undefined) return;
    channel.tabs.delete(tab);
    if (channel.tabs.size > 0) return;
    this.#channels.delete(name);
    channel.streams.forEach(({ following }) => { following.stop(); });
  }

  /** Tabs that crashed could not say that they leave. */
  #sweep(): void {
    const now = this.#world.now();
    [...this.#tabs].filter(([, { heardAt }]) => now - heardAt > SILENCE).forEach(([tab]) => { this.#leave(tab); });
  }

  #open(channel: Channel, headers: Record<string, string>): void {
    SOURCES.forEach(({ url, keys, missedInCut }, at) => {
      let opened = false;
      const following = this.#world.follow(
        {
          url,
          onEvent: (event) => { this.#changed(channel, keys(event)); },
          onGap: () => { tellAll(channel, { say: "gap" }); },
          onLiveness: (liveness, problem) => {
            if (liveness === "live") {
              if (opened) this.#changed(channel, missedInCut);
              opened = true;
            }
            const stream = channel.streams[at];
            // The first news can come before the stream has been put down.
            if (stream !== undefined) stream.liveness = liveness;
            weigh(channel, problem);
          },
        },
        headers,
      );
      channel.streams[at] = { following, liveness: channel.streams[at]?.liveness ?? "connecting" };
    });
  }

  #changed(channel: Channel, keys: string[]): void {
    keys.forEach((key) => channel.changed.add(key));
    if (channel.told || channel.changed.size === 0) return;
    channel.told = true;
    this.#world.later(() => {
      channel.told = false;
      const all = [...channel.changed];
      channel.changed.clear();
      tellAll(channel, { say: "changed", keys: all });
    }, BREATH);
  }
}

/** Together they are as live as the worst of them. */
function weigh(channel: Channel, problem: Problem | undefined): void {
  const order: Liveness[] = ["refused", "cut", "connecting", "live"];
  const worst = order.find((one) => channel.streams.some(({ liveness }) => liveness === one)) ?? "connecting";
  if (problem !== undefined) channel.problem = problem;
  if (worst !== "refused") channel.problem = undefined;
  if (worst === channel.liveness) return;
  channel.liveness = worst;
  tellAll(channel, { say: "liveness", liveness: worst, problem: channel.problem });
}

function tellAll(channel: Channel, message: FromHub): void {
  channel.tabs.forEach((tab) => { tab.tell(message); });
}

/** Query keys that a change of a resource touches: those that begin with its kind. */
function kindOf(event: ServerEvent): string[] {
  try {
    const change = JSON.parse(event.data) as { kind?: string } | number;
    if (typeof change !== "object" || change.kind === undefined) return [];
    // What is live is shown with its workflow.
    return [change.kind === "activation" ? "workflow" : change.kind];
  } catch {
    return [];
  }
}

/** The query keys of the run that has changed: a page of another run has no reason to look again. */
function runOf(event: ServerEvent): string[] {
  try {
    const change = JSON.parse(event.data) as { id?: string };
    return change.id === undefined ? RUNS : ["runs", "dead", `run ${change.id}`];
  } catch {
    return RUNS;
  }
}
