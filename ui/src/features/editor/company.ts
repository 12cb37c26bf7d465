//! Who else has the workflow open: they are followed for as long as the page is in sight, and it tells them what it shows.

import type { Person } from "../../canvas/store";
import type { Calls, News, Present } from "./calls";

export interface CompanyHooks {
  readonly onPeople: (people: readonly Person[]) => void;
  /** Somebody has written the draft. */
  readonly onNews: (news: News) => void;
  /** The stream has begun: what was written before is not told. */
  readonly onBegin: () => void;
}

/** Shortest time between two words about what one looks at: who walks along with the arrow keys would flood the others. */
const PAUSE = 250;
/** As many as editor.css has. */
export const COLOURS = 8;

export class Company {
  #stop: (() => void) | undefined;
  #client = "";
  /** The server has named this page among those who are present. */
  #seated = false;
  #wanted: string | undefined;
  #told: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly name: string,
    private readonly calls: Calls,
    private readonly hooks: CompanyHooks,
    private readonly newClient: () => string,
  ) {}

  /** Comes in, each time under a new name: the server may not have noticed yet that the one before has left. */
  start(): void {
    this.stop();
    this.#client = this.newClient();
    this.#stop = this.calls.company(this.name, this.#client, (event, data) => this.#hear(event, data), (live) => {
      if (live) this.hooks.onBegin();
      else this.#alone();
    });
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#alone();
  }

  /** Of somebody who cannot be heard any more nobody knows where they are. */
  #alone(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seated = false;
    this.hooks.onPeople([]);
  }

  /** Tells the others which node one looks at, soon. */
  look(node: string | undefined): void {
    this.#wanted = node;
    if (this.#seated) this.#tell();
  }

  #tell(): void {
    if (this.#timer !== undefined || this.#wanted === this.#told) return;
    this.#told = this.#wanted;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#seated) this.#tell();
    }, PAUSE);
    // Where it does not arrive, the next list of those present shows that, and it is told again.
    this.calls.lookAt(this.name, this.#client, this.#told).catch(() => undefined);
  }

  #hear(event: string, data: unknown): void {
    if (event === "draft") return this.hooks.onNews(data as News);
    if (event !== "present") return;
    const present = data as readonly Present[];
    const mine = present.find((one) => one.client === this.#client);
    // The server has taken an older connection's end for this one's.
    if (!mine && this.#seated) return this.start();
    this.#seated = mine !== undefined;
    this.hooks.onPeople(peopleOf(present, mine));
    if (!mine) return;
    this.#told = mine.node;
    this.#tell();
  }
}

/** The others, each in a colour that nobody else has, the same on every page. */
export function peopleOf(present: readonly Present[], mine: Present | undefined): Person[] {
  const taken = new Set<number>();
  return [...present]
    .sort((one, other) => (one.client < other.client ? -1 : 1))
    .flatMap((one) => {
      let colour = hash(one.actor) % COLOURS;
      for (let tries = 0; taken.has(colour) && tries < COLOURS; tries += 1) colour = (colour + 1) % COLOURS;
      taken.add(colour);
      if (one === mine) return [];
      return [{ client: one.client, name: nameOf(one.actor), myself: one.actor === mine?.actor, colour, ...(one.node === undefined ? {} : { node: one.node }) }];
    });
}

/** `user:ada` is ada to those who work with her. */
export function nameOf(actor: string): string {
  const name = actor.slice(actor.indexOf(":") + 1);
  return name === "" ? actor : name;
}

export function initialsOf(name: string): string {
  const words = name.replace(/@.*$/, "").split(/[\s._-]+/).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0]?.toUpperCase() ?? "").join("") || "?";
}

function hash(text: string): number {
  let sum = 0;
  for (const letter of text) sum = (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}
