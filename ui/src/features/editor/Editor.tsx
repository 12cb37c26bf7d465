//! The editor of one workflow: canvas, list or text, the opened node, running, saving, publishing.

import { ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";

import { Canvas, type Asked } from "../../canvas/Canvas";
import { copyText, fragmentOfSpec, readText } from "../../canvas/graph/clipboard";
import { edgesOf, isNote, nodeById, nodeByName, positionOf, type NodeSpec, type Workflow } from "../../canvas/graph/document";
import { find } from "../../canvas/graph/find";
import type { Json } from "../../canvas/graph/json";
import { align, distribute, tidy, type Side } from "../../canvas/graph/layout";
import { VERSIONS } from "../../canvas/graph/lower";
import { takeTheirs, type Conflict } from "../../canvas/graph/merge";
import { fragmentOf, type Fragment } from "../../canvas/graph/operations";
import { portsOf } from "../../canvas/graph/ports";
import { EditorContext, EditorStore, useHistory } from "../../canvas/store";
import { Autosave, BROWSER_SHELF, type SaveState } from "./autosave";
import { CallError, type Calls, type NodeType, type Run } from "./calls";
import { initialParams } from "./form/schema";
import { actOf, KEYS } from "./keys";
import { ListView } from "./ListView";
import { NodePanel } from "./NodePanel";
import { Palette } from "./Palette";
import { ENDED, follow, RunContext, statesOf, useRunData } from "./run";
import { TextView } from "./TextView";

export interface EditorProps {
  readonly name: string;
  readonly calls: Calls;
  readonly onOpenWorkflow: (name: string) => void;
  /** Where webhooks are reached, up to their path. */
  readonly hooks: string;
}

interface Loaded {
  readonly save: Autosave;
  readonly store: EditorStore;
  readonly types: readonly NodeType[];
  readonly variables: readonly { name: string; value?: string }[];
  readonly run: Run | undefined;
  readonly recovered: readonly Conflict[] | undefined;
}

function randomId(): string {
  // 48 bits: short in the text, and two people do not meet in one workflow.
  return `n${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

export function Editor(props: EditorProps) {
  const { name, calls } = props;
  const [loaded, setLoaded] = useState<Loaded>();
  const [fault, setFault] = useState<string>();
  const [refusal, setRefusal] = useState<string>();
  useEffect(() => {
    let here = true;
    let save: Autosave | undefined;
    const load = async () => {
      const [types, begun, variables, last] = await Promise.all([
        calls.nodeTypes(),
        Autosave.begin(name, calls, BROWSER_SHELF),
        calls.variables().catch(() => []),
        calls.lastRun(name).then((run) => (run === undefined ? undefined : calls.showRun(run))).catch(() => undefined),
      ]);
      if (!here) return;
      const groups = new Map(types.map((type) => [type.id, type.group]));
      const store = new EditorStore(begun.document, { groupOf: (type) => groups.get(type), newId: randomId }, setRefusal, () => Date.now());
      if (begun.draft?.problems) store.setProblems(begun.draft.problems, begun.document);
      if (last) store.setStates(statesOf(last));
      save = begun.save;
      setLoaded({
        ...begun, store, types, run: last,
        variables: variables.flatMap(({ spec }) => (spec.key === undefined ? [] : [{ name: spec.key, ...(spec.value === undefined ? {} : { value: spec.value }) }])),
      });
    };
    load().catch((error: unknown) => setFault(error instanceof Error ? error.message : "the workflow cannot be opened"));
    return () => {
      here = false;
      void save?.leave();
    };
  }, [name, calls]);
  if (fault !== undefined) return <div className="ed ed-state" role="alert"><p>{fault}</p><button type="button" onClick={() => location.reload()}>Try again</button></div>;
  if (!loaded) return <div className="ed ed-state" role="status">Opening {name}…</div>;
  return (
    <EditorContext value={loaded.store}>
      <ReactFlowProvider>
        <Desk key={name} {...props} {...loaded} refusal={refusal} onRefusal={setRefusal} />
      </ReactFlowProvider>
    </EditorContext>
  );
}

type View = "canvas" | "list" | "text";

function Desk({ name, calls, save, store, types, variables, run: firstRun, recovered, hooks, onOpenWorkflow, refusal, onRefusal }: EditorProps & Loaded & { readonly refusal: string | undefined; readonly onRefusal: (text: string | undefined) => void }) {
  const history = useHistory();
  const { document, selection } = history;
  const flow = useReactFlow();
  const [view, setView] = useState<View>("canvas");
  const [opened, setOpened] = useState<string>();
  const [asked, setAsked] = useState<Asked>();
  const [saved, setSaved] = useState<SaveState>({ is: "saved" });
  const [told, setTold] = useState<string | undefined>(recovered ? "Work that an earlier visit could not save is back." : undefined);
  const said = refusal ?? told;
  const setSaid = useCallback((text: string | undefined) => {
    onRefusal(undefined);
    setTold(text);
  }, [onRefusal]);
  const [conflicts, setConflicts] = useState<readonly Conflict[]>(recovered ?? []);
  const [run, setRun] = useState(firstRun);
  const [busy, setBusy] = useState<AbortController>();
  const [listening, setListening] = useState<readonly string[]>();
  const [finding, setFinding] = useState(false);
  const [showProblems, setShowProblems] = useState(false);
  const [help, setHelp] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const byId = useMemo(() => new Map(types.map((type) => [type.id, type])), [types]);

  useEffect(() => {
    save.attach({
      document: () => store.document,
      take: (next) => store.take(next),
      onState: setSaved,
      onDraft: (draft) => store.setProblems(draft.problems ?? [], store.document),
      onMerged: (by, found, arrived) => {
        setSaid(`${by} saved meanwhile. ${arrived === 0 ? "Nothing of theirs was new." : `${arrived} ${arrived === 1 ? "node" : "nodes"} changed.`} ${found.length === 0 ? "Both are kept." : ""}`);
        setConflicts((now) => [...now, ...found]);
      },
    });
    let seen = store.document;
    const stop = store.subscribe(() => {
      if (store.document === seen) return;
      seen = store.document;
      save.changed();
    });
    if (recovered) save.changed();
    const leave = (event: BeforeUnloadEvent) => { if (!isQuiet(save, store)) event.preventDefault(); };
    window.addEventListener("beforeunload", leave);
    return () => {
      stop();
      window.removeEventListener("beforeunload", leave);
    };
  }, [save, store, recovered, setSaid]);

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
      setSaid(last.status === "failed" ? "The run failed: see the red node." : last.status === "completed" ? "The run is complete." : `The run is ${last.status}.`);
    } catch (error) {
      if (!control.signal.aborted) setSaid(error instanceof Error ? error.message : "the run cannot be followed");
    } finally {
      setBusy(undefined);
    }
  };

  const start = async (options: Parameters<Calls["run"]>[1]) => {
    if (!(await save.flush())) return setSaid("The draft could not be saved, so it was not run.");
    store.setStates(new Map());
    try {
      await watch((await calls.run(name, options)).run);
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "the run was not started");
      if (error instanceof CallError) store.setProblems(error.problem.problems ?? [], store.document);
    }
  };

  /** What a trigger puts out in a run by hand: its pinned items, what came in last, or an example of its event. */
  const eventOf = (trigger: NodeSpec | undefined): readonly Json[] | undefined => {
    if (!trigger) return undefined;
    if (trigger.pinned) return trigger.pinned;
    const before = run?.steps.find((step) => step.node === trigger.name)?.outputs?.find((port) => port.length > 0);
    if (before) return before;
    return trigger.type === "http.webhook" ? [{ json: { headers: {}, params: {}, query: {}, body: {} } }] : undefined;
  };

  const triggers = document.nodes.filter((node) => store.setting.groupOf(node.type) === "trigger" && node.disabled !== true);
  const runWhole = (destination?: string) => {
    const chosen = triggers.find((node) => selection.includes(node.id)) ?? triggers[0];
    const input = eventOf(chosen);
    void start({ ...(chosen ? { trigger: chosen.name } : {}), ...(input ? { input } : {}), ...(destination === undefined ? {} : { destination }) });
  };

  const listen = async () => {
    if (!(await save.flush())) return;
    try {
      const { addresses } = await calls.listen(name);
      setListening(addresses);
      const control = new AbortController();
      await calls.heard(name, (heard) => void watch(heard), control.signal);
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "it cannot listen");
    } finally {
      setListening(undefined);
    }
  };

  const publish = async () => {
    if (!(await save.flush()) || save.version === undefined) return setSaid("The draft is not saved yet, so it was not published.");
    try {
      const written = await calls.publish(name, save.version);
      save.published(written.resource.revision);
      const problems = written.problems ?? [];
      store.setProblems(problems, store.document);
      setShowProblems(problems.length > 0);
      setSaid(problems.length === 0 ? `Published as revision ${written.resource.revision}.` : `Published as revision ${written.resource.revision}; ${problems.length} problems keep it from running.`);
    } catch (error) {
      if (error instanceof CallError) store.setProblems(error.problem.problems ?? [error.problem], store.document);
      setShowProblems(true);
      setSaid(error instanceof Error ? error.message : "it was not published");
    }
  };

  const put = (fragment: Fragment) => {
    const box = root.current?.getBoundingClientRect();
    const at = flow.screenToFlowPosition({ x: (box?.left ?? 0) + (box?.width ?? 800) / 3, y: (box?.top ?? 0) + (box?.height ?? 600) / 3 });
    store.act(`Paste ${fragment.nodes.length} nodes`, [{ type: "paste", fragment, at: [at.x, at.y] }], { select: true });
  };

  const pasteText = async (text: string) => {
    const pasted = readText(text);
    if (!pasted) return setSaid("There are no nodes on the clipboard.");
    if (pasted.kind === "fragment") return put(pasted.fragment);
    try {
      const spec = await calls.lift(pasted.text);
      put(spec ? fragmentOfSpec(spec) : pasted.placeholders);
      setSaid("Nodes of n8n are pasted as ours.");
    } catch {
      put(pasted.placeholders);
      setSaid("The importer does not answer: the nodes are placeholders that keep everything.");
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
    pin: () => store.act("Pin", chosen.filter((node) => !isNote(node)).map((node) => ({ type: "pin" as const, id: node.id, items: node.pinned ? undefined : (run?.steps.findLast((step) => step.node === node.name)?.outputs?.find((port) => port.length > 0) ?? []) }))),
    run: () => runWhole(),
    find: () => setFinding(true),
    save: () => void save.flush(),
    tidy: () => { store.act("Tidy up", [{ type: "moveNodes", positions: tidy(store.document, selection) }]); requestAnimationFrame(() => void flow.fitView({ maxZoom: 1, padding: 0.2 })); },
    note: () => { const { x, y } = flow.screenToFlowPosition({ x: 320, y: 240 }); store.act("Add note", [{ type: "addNote", content: "", position: [x, y] }], { select: true }); },
    group: () => store.act("Group", [{ type: "addGroup", title: "Group", ids: selection }]),
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
    const target = event.target as HTMLElement;
    const writing = target.closest("input:not([type=checkbox]),textarea,select,[contenteditable=true],.cm-editor") !== null;
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
    if ((event.target as HTMLElement).closest("input,textarea,[contenteditable=true],.cm-editor")) return;
    if (event.type === "paste") {
      event.preventDefault();
      return void pasteText(event.clipboardData?.getData("text/plain") ?? "");
    }
    if (selection.length === 0 || window.getSelection()?.toString()) return;
    event.preventDefault();
    const text = copyText(fragmentOf(document, selection), (type) => (byId.get(type)?.n8n ?? []).map((other) => ({ type: other, version: VERSIONS[other] ?? 1 })));
    event.clipboardData?.setData("text/plain", text);
    if (event.type === "cut") acts["remove"]?.();
    setSaid(`${selection.length} ${selection.length === 1 ? "node" : "nodes"} copied; n8n can paste them, too.`);
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
  useEffect(() => { if (opened === undefined && asked === undefined) root.current?.focus(); }, [opened, asked]);

  const problems = [...document.nodes.flatMap((node) => store.problemsOf(node.id).map((problem) => ({ node, problem }))), ...store.problemsOf("").map((problem) => ({ node: undefined, problem }))];
  const addressOf = (node: NodeSpec): string[] => {
    if (node.type !== "http.webhook") return [];
    const path = String(node.params?.["path"] ?? "").replace(/^\/|\/$/g, "");
    const methods = Array.isArray(node.params?.["methods"]) ? node.params["methods"].map(String) : [];
    return methods.map((method) => `${method} ${hooks}/${path}`);
  };
  const context = useMemo(() => ({ run, variables }), [run, variables]);
  const last = history.past.at(-1);
  const ahead = history.future.at(-1);

  return (
    <RunContext value={context}>
      <div className="ed" ref={root} tabIndex={-1}>
        <div className="ed-bar" role="toolbar" aria-label="Editor">
          <input className="ed-title" aria-label="Title of the workflow" placeholder={name} value={document.title ?? ""} onChange={(event) => store.act("Change title", [{ type: "setWorkflow", field: "title", value: event.target.value }], { key: "title" })} />
          <span className="ed-saved" role="status" data-is={saved.is}>{SAVED[saved.is]}{"detail" in saved ? `: ${saved.detail}` : ""}</span>
          <span className="ed-gap" />
          <div role="group" aria-label="View" className="ed-tabs">
            {(["canvas", "list", "text"] as const).map((one) => <button key={one} type="button" aria-pressed={view === one} onClick={() => setView(one)}>{one === "canvas" ? "Canvas" : one === "list" ? "List" : "Text"}</button>)}
          </div>
          <button type="button" disabled={!last} title={last ? `Undo: ${last.label}` : "There is nothing to undo"} onClick={acts["undo"]}>Undo</button>
          <button type="button" disabled={!ahead} title={ahead ? `Redo: ${ahead.label}` : "There is nothing to redo"} onClick={acts["redo"]}>Redo</button>
          <button type="button" onClick={() => ask()}>Add node</button>
          <button type="button" aria-label="Find in the workflow" onClick={acts["find"]}>Find</button>
          <button type="button" onClick={acts["tidy"]} disabled={document.nodes.length === 0} title="Lay the nodes out from left to right">Tidy</button>
          {triggers.some((node) => node.type === "http.webhook") && <button type="button" aria-pressed={listening !== undefined} onClick={() => { if (listening) void calls.stopListening(name); else void listen(); }}>{listening ? "Stop listening" : "Listen"}</button>}
          {busy && run && !ENDED.has(run.status) ? <button type="button" onClick={() => void calls.cancel(run.id)}>Stop run</button>
            : <button type="button" className="ed-primary" disabled={triggers.length === 0} title={triggers.length === 0 ? "Add a trigger first: a run begins at one" : "Run the draft"} onClick={() => runWhole()}>Run</button>}
          <button type="button" aria-expanded={showProblems} onClick={() => setShowProblems(!showProblems)} disabled={problems.length === 0} title={problems.length === 0 ? "Nothing keeps it from running" : "What keeps it from running"}>{problems.length === 1 ? "1 problem" : `${problems.length} problems`}</button>
          <button type="button" className="ed-primary" onClick={() => void publish()}>Publish</button>
          <button type="button" aria-label="Keys" aria-expanded={help} onClick={() => setHelp(!help)}>?</button>
        </div>
        {listening && <p className="ed-banner" role="status">Listening for one test event at {listening.map((address) => <code key={address}>{address}</code>)}</p>}
        {said !== undefined && <p className="ed-banner" role="status">{said} <button type="button" aria-label="Dismiss" onClick={() => setSaid(undefined)}>×</button></p>}
        {conflicts.length > 0 && <Conflicts conflicts={conflicts} document={document} onMine={(one) => setConflicts(conflicts.filter((other) => other !== one))} onTheirs={(one) => { store.act("Take theirs", takeTheirs(store.document, one)); setConflicts(conflicts.filter((other) => other !== one)); }} />}
        <div className="ed-main">
          {view === "canvas" && <Canvas onAsk={ask} onOpen={setOpened} onDropType={(type, at) => { const found = byId.get(type); if (found) place(found, { at }); }} onDropFile={(file) => void file.text().then(pasteText)} />}
          {view === "list" && <ListView onOpen={setOpened} onAsk={ask} />}
          {view === "text" && <TextView name={name} />}
          {view === "canvas" && document.nodes.length === 0 && !asked && <div className="ed-first"><h2>Every workflow begins with a trigger</h2><p>A webhook that is called, a schedule, or your own hand. What follows is drawn from there.</p><button type="button" className="ed-primary" onClick={() => ask()}>Add the first node</button><small>or paste nodes from n8n, or drop a file</small></div>}
          {chosen.length > 0 && view === "canvas" && opened === undefined && <SelectionBar chosen={chosen} acts={acts} store={store} onRunTo={(node) => runWhole(node.name)} />}
          {asked && <Palette types={types} first={document.nodes.length === 0} onChoose={(type) => place(type, asked)} onClose={() => setAsked(undefined)} />}
          {finding && <Find document={document} onClose={() => setFinding(false)} onGo={(id) => { store.select([id]); const node = nodeById(document, id); if (node) void flow.setCenter(positionOf(node)[0] + 80, positionOf(node)[1] + 32, { zoom: 1, duration: 200 }); }} />}
          {showProblems && problems.length > 0 && (
            <aside className="ed-problems" aria-label="Problems">
              <ul>{problems.map(({ node, problem }, index) => <li key={index}><button type="button" onClick={() => { if (node) { store.select([node.id]); setOpened(node.id); } }}><b>{node?.name ?? "Workflow"}</b> {problem.detail}<small>{problem.hint}</small></button></li>)}</ul>
            </aside>
          )}
          {help && <aside className="ed-problems" aria-label="Keys of the editor"><dl>{KEYS.map((one) => <div key={one.keys}><dt><kbd>{one.keys.replace("Mod", "Ctrl")}</kbd></dt><dd>{one.label}</dd></div>)}</dl></aside>}
          {opened !== undefined && nodeById(document, opened) && (
            <OpenNode id={opened} byId={byId} onClose={() => setOpened(undefined)} start={(options) => void start(options)} runTo={(node) => runWhole(node.name)} onOpenWorkflow={onOpenWorkflow} address={addressOf} />
          )}
        </div>
      </div>
    </RunContext>
  );
}

const SAVED: Readonly<Record<SaveState["is"], string>> = { saved: "Draft saved", dirty: "Not saved yet", saving: "Saving…", offline: "Kept in this browser", refused: "Not saved" };

function isQuiet(save: Autosave, store: EditorStore): boolean {
  return BROWSER_SHELF.read(save.key) === null || store.history.past.length === 0;
}

function isNoteType(type: NodeType): boolean {
  return type.group === "note";
}

function OpenNode({ id, byId, start, runTo, ...rest }: {
  readonly id: string;
  readonly byId: ReadonlyMap<string, NodeType>;
  readonly onClose: () => void;
  readonly start: (options: Parameters<Calls["run"]>[1]) => void;
  readonly runTo: (node: NodeSpec) => void;
  readonly onOpenWorkflow: (name: string) => void;
  readonly address: (node: NodeSpec) => readonly string[];
}) {
  const { document } = useHistory();
  const data = useRunData(document, nodeById(document, id)?.name ?? "");
  return <NodePanel key={id} id={id} types={byId} {...rest} onRunTo={runTo} onRunNode={(node) => start({ startAt: node.name, destination: node.name, input: data.input ?? [{ json: {} }] })} />;
}

function SelectionBar({ chosen, acts, store, onRunTo }: { readonly chosen: readonly NodeSpec[]; readonly acts: Record<string, () => void>; readonly store: EditorStore; readonly onRunTo: (node: NodeSpec) => void }) {
  const move = (label: string, positions: ReturnType<typeof align>) => store.act(label, [{ type: "moveNodes", positions }]);
  const [one] = chosen;
  return (
    <div className="ed-selection" role="toolbar" aria-label="Selected nodes">
      {chosen.length === 1 && one && !isNote(one) && <><button type="button" onClick={acts["open"]}>Open</button><button type="button" onClick={() => onRunTo(one)}>Run to here</button></>}
      {chosen.length > 1 && (["left", "center", "right", "top", "middle", "bottom"] as const satisfies readonly Side[]).map((side) => <button key={side} type="button" onClick={() => move(`Align ${side}`, align(chosen, side))}>{side}</button>)}
      {chosen.length > 2 && (["across", "down"] as const).map((way) => <button key={way} type="button" onClick={() => move("Distribute", distribute(chosen, way))}>spread {way}</button>)}
      {chosen.length > 1 && <button type="button" onClick={acts["group"]}>Group</button>}
      <button type="button" onClick={acts["duplicate"]}>Duplicate</button>
      <button type="button" onClick={acts["disable"]}>{chosen.every((node) => node.disabled === true) ? "Enable" : "Disable"}</button>
      <button type="button" onClick={acts["remove"]}>Remove</button>
    </div>
  );
}

function Find({ document, onClose, onGo }: { readonly document: Workflow; readonly onClose: () => void; readonly onGo: (id: string) => void }) {
  const [wanted, setWanted] = useState("");
  const hits = useMemo(() => find(document, wanted, 100), [document, wanted]);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <search className="ed-find" aria-label="Find in the workflow">
      <div className="ed-pair"><input ref={input} aria-label="Text to find" placeholder="Names, parameters, expressions…" value={wanted} onChange={(event) => setWanted(event.target.value)} onKeyDown={(event) => { if (event.key === "Enter" && hits[0]) onGo(hits[0].node); }} /><button type="button" aria-label="Close find" onClick={onClose}>×</button></div>
      <p role="status">{wanted === "" ? "" : `${hits.length} found`}</p>
      <ul>{hits.map((hit, index) => <li key={index}><button type="button" onClick={() => onGo(hit.node)}><b>{hit.name}</b> <small>{hit.pointer}</small><code>{hit.text.slice(Math.max(hit.start - 20, 0), hit.start + hit.length + 40)}</code></button></li>)}</ul>
    </search>
  );
}

function Conflicts({ conflicts, document, onMine, onTheirs }: { readonly conflicts: readonly Conflict[]; readonly document: Workflow; readonly onMine: (one: Conflict) => void; readonly onTheirs: (one: Conflict) => void }) {
  const show = (value: Json | undefined) => (value === undefined ? "removed" : JSON.stringify(value).slice(0, 120));
  return (
    <section className="ed-conflicts" aria-label="Conflicts">
      {conflicts.map((one, index) => (
        <div key={index}>
          <b>{one.node === undefined ? "Workflow" : (nodeById(document, one.node)?.name ?? one.node)}{one.pointer}</b>
          <span>both changed it. Yours: <code>{show(one.mine)}</code> Theirs: <code>{show(one.theirs)}</code></span>
          <button type="button" onClick={() => onMine(one)}>Keep mine</button>
          <button type="button" onClick={() => onTheirs(one)}>Take theirs</button>
        </div>
      ))}
    </section>
  );
}
