//! The editor of one workflow: canvas, list or text, the opened node, running, saving, publishing.

import { ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { Plus, Radio } from "lucide-react";
import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";

import type { Asked } from "../../canvas/ask";
import { Canvas } from "../../canvas/Canvas";
import { copyText, fragmentOfSpec, readText } from "../../canvas/graph/clipboard";
import { edgesOf, isNote, nodeById, nodeByName, open, positionOf, sameWorkflow, type NodeSpec } from "../../canvas/graph/document";
import type { Json } from "../../canvas/graph/json";
import { tidy } from "../../canvas/graph/layout";
import { VERSIONS } from "../../canvas/graph/lower";
import { takeTheirs, type Conflict } from "../../canvas/graph/merge";
import { fragmentOf, type Fragment } from "../../canvas/graph/operations";
import { portsOf } from "../../canvas/graph/ports";
import { EditorContext, EditorStore, useHistory } from "../../canvas/store";
import { Refusal } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Keys } from "@/kit/Keys";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { toasts } from "@/kit/toasts";
import { Autosave, BROWSER_SHELF, type SaveState } from "./autosave";
import { CallError, type Calls, type Draft, type NodeType, type Run } from "./calls";
import { Company } from "./company";
import { Conflicts } from "./Conflicts";
import { Find } from "./Find";
import { initialParams } from "./form/schema";
import { fetchItems, firstOutputOf, PINNED, type Source } from "./items";
import { actOf, KEYS } from "./keys";
import { ListView } from "./ListView";
import { News } from "./news";
import { NodePanel } from "./NodePanel";
import { Palette } from "./Palette";
import { calledBy, Peek } from "./Peek";
import { PeekContext } from "./peek";
import { SelectionBar } from "./SelectionBar";
import { Toolbar, type Live, type View } from "./Toolbar";
import { ENDED, errorText, follow, RunContext, statesOf, stepOf, useRunData } from "./run";
import { TextView } from "./TextView";

export interface EditorProps {
  readonly name: string;
  readonly calls: Calls;
  readonly onOpenWorkflow: (name: string) => void;
  /** Leads to another page about the workflow. */
  readonly onGo: (to: "revisions" | "runs") => void;
  /** Where webhooks are reached, up to their path. */
  readonly hooks: string;
  /** The workflows that are looked into from here, each called by the one before. */
  readonly peeked: readonly string[];
  /** Name of the node that is opened first. */
  readonly startAt?: string | undefined;
  readonly onPeek: (path: readonly string[]) => void;
}

interface Loaded {
  readonly save: Autosave;
  readonly store: EditorStore;
  readonly types: readonly NodeType[];
  readonly recovered: readonly Conflict[] | undefined;
  readonly around: Promise<Around>;
}

/** What is shown around the drawing. The drawing does not wait for it. */
interface Around {
  readonly variables: readonly { name: string; value?: string }[];
  readonly run: Run | undefined;
  readonly live: Live;
}

async function around(name: string, calls: Calls, draft: Promise<Draft | undefined>): Promise<Around> {
  const [variables, stored, activation, run, begun] = await Promise.all([
    calls.variables().catch(() => []),
    calls.stored(name).catch(() => undefined),
    calls.activation(name).catch(() => undefined),
    calls.lastRun(name).then((last) => (last === undefined ? undefined : calls.showRun(last))).catch(() => undefined),
    draft,
  ]);
  return {
    run,
    variables: variables.flatMap(({ spec }) => (spec.key === undefined ? [] : [{ name: spec.key, ...(spec.value === undefined ? {} : { value: spec.value }) }])),
    live: {
      published: stored?.revision,
      active: activation?.enabled === true ? activation.revision : undefined,
      changed: begun !== undefined && !(stored && sameWorkflow(open(stored.spec), open(begun.spec))),
    },
  };
}

function randomId(): string {
  // 48 bits: short in the text, and two people do not meet in one workflow.
  return `n${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function Editor(props: EditorProps) {
  const { name, calls } = props;
  const [loaded, setLoaded] = useState<Loaded>();
  const [fault, setFault] = useState<unknown>();
  useEffect(() => {
    let here = true;
    let save: Autosave | undefined;
    const load = async () => {
      const beginning = Autosave.begin(name, calls, BROWSER_SHELF);
      const rest = around(name, calls, beginning.then((begun) => begun.draft, () => undefined));
      const [types, begun] = await Promise.all([calls.nodeTypes(), beginning]);
      if (!here) return;
      const groups = new Map(types.map((type) => [type.id, type.group]));
      const store = new EditorStore(begun.document, { groupOf: (type) => groups.get(type), newId: randomId }, (text) => toasts.failed("That cannot be done.", new Refusal({ code: "", detail: text, problems: [] })), () => Date.now());
      if (begun.draft?.problems) store.setProblems(begun.draft.problems, open(begun.draft.spec));
      save = begun.save;
      setLoaded({ ...begun, store, types, around: rest });
    };
    load().catch((error: unknown) => setFault(error ?? new Error("the workflow cannot be opened")));
    return () => {
      here = false;
      void save?.leave();
    };
  }, [name, calls]);
  if (fault !== undefined) return <Failure error={fault} retry={() => location.reload()} />;
  if (!loaded) return <Skeleton lines={8} />;
  return (
    <EditorContext value={loaded.store}>
      <ReactFlowProvider>
        <Desk key={name} {...props} {...loaded} />
      </ReactFlowProvider>
    </EditorContext>
  );
}

function Desk({ name, calls, save, store, types, around, recovered, hooks, peeked, startAt, onPeek, onOpenWorkflow, onGo }: EditorProps & Loaded) {
  const history = useHistory();
  const { document, selection } = history;
  const flow = useReactFlow();
  const [view, setView] = useState<View>("canvas");
  const [opened, setOpened] = useState<string | undefined>(() => (startAt === undefined ? undefined : nodeByName(store.document, startAt)?.id));
  const [asked, setAsked] = useState<Asked>();
  const [saved, setSaved] = useState<SaveState>({ is: "saved" });
  const [conflicts, setConflicts] = useState<readonly Conflict[]>(recovered ?? []);
  const [run, setRun] = useState<Run>();
  const [busy, setBusy] = useState<AbortController>();
  const [listening, setListening] = useState<readonly string[]>();
  const [finding, setFinding] = useState(false);
  const [live, setLive] = useState<Live>();
  const [variables, setVariables] = useState<Around["variables"]>([]);
  const [help, setHelp] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const here = useRef<Company>(undefined);
  const [news] = useState(() => new News());
  const byId = useMemo(() => new Map(types.map((type) => [type.id, type])), [types]);

  useEffect(() => {
    save.attach({
      document: () => store.document,
      take: (next) => store.take(next),
      onState: setSaved,
      onDraft: (draft) => {
        store.setProblems(draft.problems ?? [], open(draft.spec));
        setLive((now) => (now === undefined || now.changed ? now : { ...now, changed: true }));
      },
      onMerged: (merged) => {
        const text = news.tell(merged, store.document, Date.now());
        if (text !== undefined) toasts.done(text);
        if (merged.by === undefined) setLive((now) => ({ active: now?.active, published: merged.revision, changed: false }));
        if (merged.conflicts.length > 0) setConflicts((now) => [...now, ...merged.conflicts]);
      },
    });
    const company = new Company(name, calls, { onPeople: (people) => store.setPeople(people), onNews: (one) => void save.pull(one), onBegin: () => void save.pull() }, randomId);
    here.current = company;
    // A browser opens few connections to one server: a page that nobody looks at gives its own back.
    const sight = () => { if (window.document.visibilityState === "visible") company.start(); else company.stop(); };
    sight();
    window.document.addEventListener("visibilitychange", sight);
    let seen = store.document;
    const stop = store.subscribe(() => {
      if (store.document === seen) return;
      seen = store.document;
      save.changed();
    });
    if (recovered) {
      toasts.done("Work that an earlier visit could not save is back.");
      save.changed();
    }
    const leave = (event: BeforeUnloadEvent) => { if (!isQuiet(save, store)) event.preventDefault(); };
    window.addEventListener("beforeunload", leave);
    return () => {
      stop();
      company.stop();
      window.document.removeEventListener("visibilitychange", sight);
      window.removeEventListener("beforeunload", leave);
    };
  }, [save, store, recovered, name, calls, news]);

  useEffect(() => {
    let here = true;
    void around.then((found) => {
      if (!here) return;
      setVariables(found.variables);
      news.published(found.live.published);
      setLive((now) => now ?? found.live);
      // Whoever was quick has a newer run by now.
      setRun((now) => now ?? found.run);
      if (found.run && store.states.size === 0) store.setStates(statesOf(found.run));
    });
    return () => { here = false; };
  }, [around, news, store]);

  const looksAt = opened ?? selection[0];
  useEffect(() => here.current?.look(looksAt), [looksAt]);

  /** Moves the canvas when a node would be out of sight, and never otherwise. */
  const show = useCallback((node: NodeSpec) => {
    const box = root.current?.getBoundingClientRect();
    if (!box) return;
    const [x, y] = positionOf(node);
    const from = flow.flowToScreenPosition({ x, y });
    const to = flow.flowToScreenPosition({ x: x + 240, y: y + 96 });
    if (from.x < box.left || from.y < box.top + 56 || to.x > box.right || to.y > box.bottom) void flow.setCenter(x + 80, y + 32, { zoom: Math.min(flow.getZoom(), 1) });
  }, [flow]);

  const place = useCallback((type: NodeType, where: Asked) => {
    const params = initialParams(type.id, type.params, name);
    const node = { name: type.title, type: type.id, ...(type.version === 1 ? {} : { version: type.version }), position: [Math.round(where.at[0] / 16) * 16, Math.round(where.at[1] / 16) * 16], ...(Object.keys(params).length === 0 ? {} : { params }) } as unknown as NodeSpec;
    setAsked(undefined);
    if (where.edge) store.act("Insert node", [{ type: "insertOnEdge", edge: where.edge, node }], { select: true });
    else if (store.act("Add node", [{ type: "addNode", node }], { select: true }) && where.after) {
      const [id] = store.history.selection;
      const added = id === undefined ? undefined : nodeById(store.document, id);
      // One act and one undo: the node comes with the edge that it was asked for.
      if (added && portsOf(added, store.setting.groupOf).inputs.length > 0) {
        store.undo();
        store.act("Add node", [{ type: "addNode", node }, { type: "connect", edge: { from: where.after.from, output: where.after.output, to: added.name } }], { select: true });
      }
    }
    const [id] = store.history.selection;
    const placed = id === undefined ? undefined : nodeById(store.document, id);
    if (!placed) return;
    show(placed);
    if (!isNoteType(type)) setOpened(placed.id);
  }, [name, store, show]);

  const ask = useCallback((where?: Asked) => {
    if (where) return setAsked(where);
    const [id] = store.history.selection;
    const after = id === undefined ? undefined : nodeById(store.document, id);
    const outputs = after && !isNote(after) ? portsOf(after, store.setting.groupOf, store.document).outputs : [];
    if (after && outputs.length > 0) {
      const used = new Set(edgesOf(store.document).filter((edge) => edge.from === after.name).map((edge) => edge.output ?? 0));
      const output = Math.max(outputs.findIndex((_, index) => !used.has(index)), 0);
      const [x, y] = positionOf(after);
      return setAsked({ at: [x + 224, y + (outputs.length > 1 ? (output - (outputs.length - 1) / 2) * 160 : 0)], after: { from: after.name, output } });
    }
    const box = root.current?.getBoundingClientRect();
    const { x, y } = flow.screenToFlowPosition({ x: (box?.left ?? 0) + (box?.width ?? 800) / 2, y: (box?.top ?? 0) + (box?.height ?? 600) / 2 });
    const lowest = Math.max(...store.document.nodes.map((node) => positionOf(node)[1]), Number.NEGATIVE_INFINITY);
    setAsked({ at: view === "canvas" || lowest === Number.NEGATIVE_INFINITY ? [x - 80, y - 32] : [0, lowest + 128] });
  }, [store, flow, view]);

  const watch = async (id: string) => {
    const control = new AbortController();
    setBusy(control);
    try {
      const last = await follow(id, calls, store, setRun, control.signal);
      if (last.status === "failed") toasts.failed("The run failed: see the red node.", new Refusal({ code: "", detail: errorText(last.error) ?? "a step failed", problems: [] }));
      else toasts.done(last.status === "completed" ? "The run is complete." : `The run is ${last.status}.`);
    } catch (error) {
      if (!control.signal.aborted) toasts.failed("The run cannot be followed.", error);
    } finally {
      setBusy(undefined);
    }
  };

  const start = async (options: Parameters<Calls["run"]>[1]) => {
    if (!(await save.flush())) return toasts.done("The draft could not be saved, so it was not run.");
    store.setStates(new Map());
    try {
      await watch((await calls.run(name, options)).run);
    } catch (error) {
      toasts.failed("The run was not started.", error);
      if (error instanceof CallError) store.setProblems(error.problem.problems ?? [], store.document);
    }
  };

  /** What a trigger puts out in a run by hand: its pinned items, what came in last, or an example of its event. */
  const eventOf = async (trigger: NodeSpec | undefined): Promise<readonly Json[] | undefined> => {
    if (!trigger) return undefined;
    if (trigger.pinned) return trigger.pinned;
    const before = firstOutputOf(run, stepOf(run, trigger.name));
    if (before) return fetchItems(calls, before);
    return trigger.type === "http.webhook" ? [{ json: { headers: {}, params: {}, query: {}, body: {} } }] : undefined;
  };

  const triggers = document.nodes.filter((node) => store.setting.groupOf(node.type) === "trigger" && node.disabled !== true);
  const runWhole = (destination?: string) => {
    const chosen = triggers.find((node) => selection.includes(node.id)) ?? triggers[0];
    const begin = async () => {
      // What was kept of an older run may be gone by now; the run goes on without it.
      const input = await eventOf(chosen).catch(() => undefined);
      await start({ ...(chosen ? { trigger: chosen.name } : {}), ...(input ? { input } : {}), ...(destination === undefined ? {} : { destination }) });
    };
    void begin();
  };

  /** Runs one node with everything that lies before it. */
  const runNode = async (node: NodeSpec, incoming: Source | undefined) => {
    try {
      const input = incoming ? await fetchItems(calls, incoming) : [{ json: {} }];
      await start({ startAt: node.name, destination: node.name, input });
    } catch (error) {
      toasts.failed("The items before it cannot be read.", error);
    }
  };

  /** Pins what the last run put out, or takes the pins away. */
  const pin = async () => {
    const nodes = chosen.filter((node) => !isNote(node));
    try {
      const operations = await Promise.all(nodes.map(async (node) => {
        const source = firstOutputOf(run, stepOf(run, node.name));
        return { type: "pin" as const, id: node.id, items: node.pinned ? undefined : source ? await fetchItems(calls, source, 0, PINNED) : [] };
      }));
      store.act("Pin", operations);
    } catch (error) {
      toasts.failed("The items cannot be read.", error);
    }
  };

  const listen = async (onReady?: () => void) => {
    if (!(await save.flush())) return;
    try {
      const { addresses } = await calls.listen(name);
      setListening(addresses);
      onReady?.();
      const control = new AbortController();
      await calls.heard(name, (heard) => void watch(heard), control.signal);
    } catch (error) {
      toasts.failed("It cannot listen for a test event.", error);
    } finally {
      setListening(undefined);
    }
  };

  const publish = async () => {
    try {
      const written = await save.publish();
      if (!written) return toasts.done("The draft is not saved yet, so it was not published.");
      news.published(written.resource.revision);
      const problems = written.problems ?? [];
      store.setProblems(problems, store.document);
      setLive((now) => ({ active: now?.active, published: written.resource.revision, changed: false }));
      toasts.done(problems.length === 0 ? `Published as revision ${written.resource.revision}.` : `Published as revision ${written.resource.revision}; ${problems.length} problems keep it from running.`);
    } catch (error) {
      if (error instanceof CallError) store.setProblems(error.problem.problems ?? [error.problem], store.document);
      toasts.failed("It was not published.", error);
    }
  };

  const activate = async (active: boolean) => {
    try {
      if (active) await calls.activate(name);
      else await calls.deactivate(name);
      const now = await calls.activation(name);
      setLive((before) => before && { ...before, active: now?.enabled === true ? now.revision : undefined });
      toasts.done(active ? "It is live: its triggers fire." : "Its triggers rest.");
    } catch (error) {
      toasts.failed(active ? "It was not activated." : "It was not deactivated.", error);
    }
  };

  const put = (fragment: Fragment) => {
    const box = root.current?.getBoundingClientRect();
    const at = flow.screenToFlowPosition({ x: (box?.left ?? 0) + (box?.width ?? 800) / 3, y: (box?.top ?? 0) + (box?.height ?? 600) / 3 });
    store.act(`Paste ${fragment.nodes.length} nodes`, [{ type: "paste", fragment, at: [at.x, at.y] }], { select: true });
  };

  const pasteText = async (text: string) => {
    const pasted = readText(text);
    if (!pasted) return toasts.done("There are no nodes on the clipboard.");
    if (pasted.kind === "fragment") return put(pasted.fragment);
    try {
      const spec = await calls.lift(pasted.text);
      put(spec ? fragmentOfSpec(spec) : pasted.placeholders);
      toasts.done("Nodes of n8n are pasted as ours.");
    } catch {
      put(pasted.placeholders);
      toasts.done("The importer does not answer: the nodes are placeholders that keep everything.");
    }
  };

  const chosen = document.nodes.filter((node) => selection.includes(node.id));
  const acts: Record<string, () => void> = {
    add: () => ask(),
    open: () => { const [one] = chosen; if (one && !isNote(one)) setOpened(one.id); },
    remove: () => store.act(chosen.length === 1 ? "Remove node" : `Remove ${chosen.length} nodes`, [{ type: "removeNodes", ids: selection, bridge: true }]),
    undo: () => store.undo(),
    redo: () => store.redo(),
    all: () => store.select(document.nodes.map((node) => node.id)),
    duplicate: () => store.act("Duplicate", [{ type: "duplicateNodes", ids: selection }], { select: true }),
    disable: () => store.act("Disable", chosen.map((node) => ({ type: "setOption" as const, id: node.id, option: "disabled", value: chosen.every((one) => one.disabled === true) ? undefined : true }))),
    pin: () => void pin(),
    run: () => runWhole(),
    find: () => setFinding(true),
    save: () => void save.flush(),
    tidy: () => { store.act("Tidy up", [{ type: "moveNodes", positions: tidy(store.document, selection) }]); requestAnimationFrame(() => void flow.fitView({ maxZoom: 1, padding: 0.2 })); },
    note: () => { const { x, y } = flow.screenToFlowPosition({ x: 320, y: 240 }); store.act("Add note", [{ type: "addNote", content: "", position: [x, y] }], { select: true }); },
    group: () => store.act("Group", [{ type: "addGroup", title: "Group", ids: selection }]),
    peek: () => { const called = calledBy(chosen[0]); if (called !== undefined) onPeek([called]); },
    keys: () => setHelp(!help),
    revisions: () => onGo("revisions"),
    runs: () => onGo("runs"),
    next: () => step(1),
    previous: () => step(-1),
  };
  const step = (by: number) => {
    const [id] = selection;
    const now = id === undefined ? undefined : nodeById(document, id);
    const along = now && edgesOf(document).find((edge) => (by > 0 ? edge.from : edge.to) === now.name);
    const target = along ? nodeByName(document, by > 0 ? along.to : along.from) : document.nodes[(document.nodes.findIndex((node) => node === now) + by + document.nodes.length) % Math.max(document.nodes.length, 1)];
    if (target) {
      store.select([target.id]);
      show(target);
    }
  };

  const key = useEffectEvent((event: KeyboardEvent) => {
    if (peeked.length > 0) {
      // What is shown above the editor has its own keys, and the editor's do nothing meanwhile.
      if (event.key === "Escape" && !event.defaultPrevented) onPeek(peeked.slice(0, -1));
      return;
    }
    const target = event.target as HTMLElement;
    const writing = target.closest("input:not([type=checkbox]),textarea,select,[contenteditable=true],.cm-editor") !== null;
    // An open list of choices closes first; its field hears of the key after the editor does.
    if (event.key === "Escape" && target.closest(".ed-offer [aria-expanded=true]") !== null) return;
    if (event.key === "Escape" && !event.defaultPrevented) {
      if (asked) setAsked(undefined);
      else if (finding) setFinding(false);
      else if (opened !== undefined) setOpened(undefined);
      else if (!writing) store.select([]);
      return;
    }
    const act = actOf(event);
    if (event.key === "?" && !writing) return setHelp(!help);
    if (!act || (writing && !["save", "run"].includes(act))) return;
    if (event.key === "Enter" && act === "open" && target.closest("button,summary,a")) return;
    event.preventDefault();
    acts[act]?.();
  });

  const clip = useEffectEvent((event: ClipboardEvent) => {
    if (peeked.length > 0 || (event.target as HTMLElement).closest("input,textarea,[contenteditable=true],.cm-editor")) return;
    if (event.type === "paste") {
      event.preventDefault();
      return void pasteText(event.clipboardData?.getData("text/plain") ?? "");
    }
    if (selection.length === 0 || window.getSelection()?.toString()) return;
    event.preventDefault();
    const text = copyText(fragmentOf(document, selection), (type) => (byId.get(type)?.n8n ?? []).map((other) => ({ type: other, version: VERSIONS[other] ?? 1 })));
    event.clipboardData?.setData("text/plain", text);
    if (event.type === "cut") acts["remove"]?.();
    toasts.done(`${selection.length} ${selection.length === 1 ? "node" : "nodes"} copied; n8n can paste them, too.`);
  });

  // Whatever part of the editor has the focus, its keys and clipboard are the editor's.
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const stop = new AbortController();
    element.addEventListener("keydown", (event) => key(event), { signal: stop.signal });
    for (const type of ["copy", "cut", "paste"] as const) element.addEventListener(type, (event) => clip(event), { signal: stop.signal });
    return () => stop.abort();
  }, []);

  // A page that has lost its focus to nothing (a panel was closed) would no longer hear the keys.
  useEffect(() => { if (opened === undefined && asked === undefined && peeked.length === 0) root.current?.focus(); }, [opened, asked, peeked]);

  const problems = [...document.nodes.flatMap((node) => store.problemsOf(node.id).map((problem) => ({ node, problem }))), ...store.problemsOf("").map((problem) => ({ node: undefined, problem }))];
  const listener = useRef(listen);
  useEffect(() => { listener.current = listen; });
  const context = useMemo(() => ({ run, variables, calls, workflow: name, listen: (onReady: () => void) => listener.current(onReady) }), [run, variables, calls, name]);
  const last = history.past.at(-1);
  const ahead = history.future.at(-1);

  return (
    <RunContext value={context}>
    <PeekContext value={onPeek}>
      <div className="ed" ref={root} tabIndex={-1}>
        <Toolbar
          name={name} title={document.title ?? ""} onTitle={(title) => store.act("Change title", [{ type: "setWorkflow", field: "title", value: title }], { key: "title" })}
          saved={saved} live={live} problems={problems} onProblem={({ node }) => { if (node) { store.select([node.id]); show(node); if (!isNote(node)) setOpened(node.id); } }} onGo={(node) => { store.select([node.id]); show(node); }}
          view={view} onView={setView} undo={last?.label} redo={ahead?.label} acts={acts} empty={document.nodes.length === 0} selected={chosen.length}
          runRefused={triggers.length === 0 ? "Add a trigger first: a run begins at one" : undefined} running={busy !== undefined && run !== undefined && !ENDED.has(run.status)}
          onRun={() => runWhole()} onStop={() => { if (run) void calls.cancel(run.id); }}
          listening={triggers.some((node) => hears(node.type)) ? listening !== undefined : undefined} onListen={() => { if (listening) void calls.stopListening(name); else void listen(); }}
          onPublish={() => void publish()} onActivate={(active) => void activate(active)}
        />
        {listening && <p className="flex flex-wrap items-center gap-2 border-b bg-busy-soft px-4 py-1.5 text-busy" role="status"><Radio size={14} aria-hidden className="animate-pulse" />Listening for one test event{listening.length > 0 && " at "}{listening.map((address) => <code key={address} className="rounded-small bg-surface px-1.5 text-ink">{address}</code>)}</p>}
        <Conflicts conflicts={conflicts} document={document} onMine={(some) => setConflicts((now) => now.filter((one) => !some.includes(one)))}
          onTheirs={(some) => { store.act("Take theirs", some.flatMap((one) => takeTheirs(store.document, one))); setConflicts((now) => now.filter((one) => !some.includes(one))); }} />
        <div className="ed-main">
          {view === "canvas" && <Canvas onAsk={ask} onOpen={setOpened} onDropType={(type, at) => { const found = byId.get(type); if (found) place(found, { at }); }} onDropFile={(file) => void file.text().then(pasteText)} />}
          {view === "list" && <ListView onOpen={setOpened} onAsk={ask} />}
          {view === "text" && <TextView name={name} />}
          {view === "canvas" && document.nodes.length === 0 && !asked && (
            <div className="absolute inset-0 m-auto h-fit w-fit">
              <Empty title="Every workflow begins with a trigger" action={<Button look="primary" icon={<Plus size={15} />} onClick={() => ask()}>Add the first node</Button>}>
                A webhook that is called, a schedule, or your own hand: what follows is drawn from there. Nodes copied from n8n can be pasted, and a file of n8n&apos;s or ours can be dropped here.
              </Empty>
            </div>
          )}
          {chosen.length > 0 && view === "canvas" && opened === undefined && <SelectionBar chosen={chosen} acts={acts} store={store} onRunTo={(node) => runWhole(node.name)} />}
          {asked && <Palette types={types} first={document.nodes.length === 0} onChoose={(type) => place(type, asked)} onClose={() => setAsked(undefined)} />}
          {finding && <Find document={document} onClose={() => setFinding(false)} onGo={(id) => { store.select([id]); const node = nodeById(document, id); if (node) void flow.setCenter(positionOf(node)[0] + 80, positionOf(node)[1] + 32, { zoom: 1, duration: 200 }); }} />}
          <Dialog title="Keys of the editor" open={help} onOpenChange={setHelp}>
            <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">{KEYS.map((one) => <div key={one.keys} className="contents"><dt><Keys keys={one.keys} /></dt><dd>{one.label}</dd></div>)}</dl>
          </Dialog>
          {opened !== undefined && nodeById(document, opened) && (
            <OpenNode id={opened} byId={byId} onClose={() => { const node = nodeById(document, opened); setOpened(undefined); if (node) show(node); }} runNode={(node, incoming) => void runNode(node, incoming)} runTo={(node) => runWhole(node.name)} hooks={hooks} />
          )}
          {peeked.length > 0 && <Peek home={{ name, title: document.title ?? "" }} path={peeked} groupOf={store.setting.groupOf} onPeek={onPeek} onOpen={onOpenWorkflow} />}
        </div>
      </div>
    </PeekContext>
    </RunContext>
  );
}

function isQuiet(save: Autosave, store: EditorStore): boolean {
  return BROWSER_SHELF.read(save.key) === null || store.history.past.length === 0;
}

/** Triggers that nothing outside begins: a draft has nobody to listen to there. */
const DEAF: ReadonlySet<string> = new Set(["core.manual", "core.schedule", "core.called", "core.error", "core.evaluation-trigger"]);

/** Whether an event from outside can come in there while the draft is tried. */
function hears(type: string): boolean {
  return !DEAF.has(type);
}

function isNoteType(type: NodeType): boolean {
  return type.group === "note";
}

function OpenNode({ id, byId, runNode, runTo, ...rest }: {
  readonly id: string;
  readonly byId: ReadonlyMap<string, NodeType>;
  readonly onClose: () => void;
  readonly runNode: (node: NodeSpec, incoming: Source | undefined) => void;
  readonly runTo: (node: NodeSpec) => void;
  readonly hooks: string;
}) {
  const { document } = useHistory();
  const data = useRunData(document, nodeById(document, id)?.name ?? "");
  return <NodePanel key={id} id={id} types={byId} {...rest} onRunTo={runTo} onRunNode={(node) => runNode(node, data.incoming)} />;
}
