//! The editor's state outside of React: one history, and whatever is shown at nodes while a run goes on.
//!
//! Components subscribe to the part that they show. A step that ends, or a letter that is typed, renders one node.

import { createContext, use, useCallback, useSyncExternalStore } from "react";

import { type Workflow, type NodeSpec, nodeById } from "./graph/document";
import { act, begin, rebase, redo, select, undo, type Doing, type History } from "./graph/history";
import { Refusal, type Operation, type Setting } from "./graph/operations";

/** Where a node is in a run; `skipped` is one that the run did not come to. */
export type StepStatus = "scheduled" | "running" | "waiting" | "completed" | "failed" | "canceled" | "skipped";

export interface NodeState {
  readonly status: StepStatus;
  /** Items at each output port. */
  readonly counts?: readonly number[];
  readonly error?: string;
  /** How often it has run. */
  readonly times: number;
  /** How long all of that took. */
  readonly micros?: number;
}

export interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string | null;
  readonly hint?: string | null;
}

/** Somebody else who has the workflow open. */
export interface Person {
  /** Their page; one person may have several. */
  readonly client: string;
  readonly name: string;
  /** It is oneself, on another page. */
  readonly myself: boolean;
  readonly colour: number;
  /** The id of the node that they look at. */
  readonly node?: string;
}

export class EditorStore {
  #history: History;
  #states: ReadonlyMap<string, NodeState> = new Map();
  #problems: ReadonlyMap<string, readonly Problem[]> = new Map();
  #people: readonly Person[] = NOBODY;
  #peopleAt: ReadonlyMap<string, readonly Person[]> = new Map();
  readonly #listeners = new Set<() => void>();

  constructor(
    document: Workflow,
    readonly setting: Setting,
    private readonly onRefusal: (text: string) => void,
    private readonly now: () => number,
  ) {
    this.#history = begin(document);
  }

  get history(): History {
    return this.#history;
  }
  get document(): Workflow {
    return this.#history.document;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #become(history: History): void {
    if (history === this.#history) return;
    this.#history = history;
    this.#tell();
  }

  /** Does operations as one undoable act. Says why when they cannot be done, and returns whether they were. */
  act(label: string, operations: readonly Operation[], options: Omit<Doing, "label" | "now"> = {}): boolean {
    try {
      this.#become(act(this.#history, operations, this.setting, { label, now: this.now(), ...options }));
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.onRefusal(error.message);
      return false;
    }
  }

  select(ids: readonly string[]): void {
    this.#become(select(this.#history, ids));
  }
  undo(): void {
    this.#become(undo(this.#history));
  }
  redo(): void {
    this.#become(redo(this.#history));
  }
  /** Takes a document that came from elsewhere: another person's work, merged in. */
  take(document: Workflow): void {
    this.#become(rebase(this.#history, document));
  }

  get states(): ReadonlyMap<string, NodeState> {
    return this.#states;
  }
  stateOf(name: string): NodeState | undefined {
    return this.#states.get(name);
  }
  setStates(states: ReadonlyMap<string, NodeState>): void {
    this.#states = states;
    this.#tell();
  }
  setState(name: string, state: NodeState): void {
    this.setStates(new Map(this.#states).set(name, state));
  }

  get people(): readonly Person[] {
    return this.#people;
  }
  peopleAt(id: string): readonly Person[] {
    return this.#peopleAt.get(id) ?? NOBODY;
  }
  setPeople(people: readonly Person[]): void {
    if (people.length === 0 && this.#people.length === 0) return;
    this.#people = people;
    const at = new Map<string, Person[]>();
    for (const person of people) {
      if (person.node === undefined) continue;
      const list = at.get(person.node);
      if (list) list.push(person);
      else at.set(person.node, [person]);
    }
    this.#peopleAt = at;
    this.#tell();
  }

  problemsOf(id: string): readonly Problem[] {
    return this.#problems.get(id) ?? NONE;
  }
  /** Sorts problems to the nodes that their pointers lead to; the others are the workflow's, under an empty id. */
  setProblems(problems: readonly Problem[], of: Workflow): void {
    const sorted = new Map<string, Problem[]>();
    for (const problem of problems) {
      const index = /^\/nodes\/(\d+)(\/|$)/.exec(problem.pointer ?? "")?.[1];
      const id = index === undefined ? "" : (of.nodes[Number(index)]?.id ?? "");
      const list = sorted.get(id);
      if (list) list.push(problem);
      else sorted.set(id, [problem]);
    }
    this.#problems = sorted;
    this.#tell();
  }
}

const NONE: readonly Problem[] = [];
const NOBODY: readonly Person[] = [];

export const EditorContext = createContext<EditorStore | null>(null);

export function useEditor(): EditorStore {
  const store = use(EditorContext);
  if (!store) throw new Error("the editor's parts stand inside of an EditorContext");
  return store;
}

/** What `read` gives, again whenever that has changed. `read` must give the same object for the same state. */
export function useEditorValue<T>(read: (store: EditorStore) => T): T {
  const store = useEditor();
  return useSyncExternalStore(
    store.subscribe,
    useCallback(() => read(store), [store, read]),
  );
}

export function useNode(id: string): NodeSpec | undefined {
  return useEditorValue(useCallback((store: EditorStore) => nodeById(store.document, id), [id]));
}

export function useHistory(): History {
  return useEditorValue(readHistory);
}
const readHistory = (store: EditorStore): History => store.history;
