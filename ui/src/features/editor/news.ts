//! What is said when another person's work arrives.

import { nodeById, type Workflow } from "../../canvas/graph/document";
import type { Merged } from "./autosave";
import { nameOf } from "./company";

/** Somebody who is typing saves with every pause: one word about it is news, twenty are noise. */
const QUIET = 20_000;

export class News {
  readonly #heard = new Map<string, number>();
  /** The newest revision that this page knows of. */
  #revision: number | undefined;

  /** What the newest revision is, as read from the server or published by this page. */
  published(revision: number | undefined): void {
    this.#revision = revision;
  }

  /** The words for it; nothing where the same person's work has been spoken of just now. */
  tell({ by, publisher, revision, conflicts, arrived }: Merged, document: Workflow, now: number): string | undefined {
    if (by === undefined) {
      const who = publisher === undefined ? "Somebody" : nameOf(publisher);
      const known = this.#revision;
      this.#revision = revision;
      if (revision === undefined) return `${who} dropped the draft.`;
      return revision === known ? `${who} dropped the draft: this is revision ${revision} again.` : `${who} published it as revision ${revision}.`;
    }
    const before = this.#heard.get(by);
    this.#heard.set(by, now);
    if (conflicts.length === 0 && before !== undefined && now - before < QUIET) return undefined;
    const names = arrived.map((id) => nodeById(document, id)?.name ?? id);
    const what = names.length === 0 ? "the workflow" : names.length > 3 ? `${names.length} nodes` : names.join(", ");
    return `${nameOf(by)} saved meanwhile and changed ${what}.${conflicts.length === 0 ? " Both are kept." : ""}`;
  }
}
