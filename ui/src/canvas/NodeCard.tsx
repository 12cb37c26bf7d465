//! One node on the canvas. It renders when its own part of the document, its state or its problems change.

import { Handle, Position, type NodeProps } from "@xyflow/react";
import { Check, CircleAlert, CircleSlash, LoaderCircle, Minus, Pause, Pin, Plus, PowerOff, X } from "lucide-react";
import { memo, use, useCallback } from "react";

import { AskContext, type Asked } from "./ask";
import { briefOf, timeOf } from "./brief";
import { FarContext } from "./far";
import { cardSize, portAt } from "./flow";
import { Glyph } from "./Glyph";
import { laterForType, placeholderOf } from "@/resource/later";
import { edgesAt, positionOf, type NodeSpec } from "./graph/document";
import { portsOf, type Ports } from "./graph/ports";
import { useTurn } from "./motion";
import { type EditorStore, type NodeState, type Problem, useEditor, useEditorValue, useNode } from "./store";
import { Tip } from "@/kit/Tip";

interface Shape extends Ports {
  /** Outputs that no edge leaves yet. */
  readonly open: readonly number[];
}

function shapeOf(store: EditorStore, node: NodeSpec): Shape {
  const ports = portsOf(node, store.setting.groupOf, store.document);
  const used = new Set(edgesAt(store.document, node.name).filter((edge) => edge.from === node.name).map((edge) => edge.output ?? 0));
  return { ...ports, open: ports.outputs.flatMap((_, index) => (used.has(index) ? [] : [index])) };
}

export const NodeCard = memo(function NodeCard({ id, selected }: NodeProps) {
  const node = useNode(id);
  const store = useEditor();
  const name = node?.name ?? "";
  const state = useEditorValue(useCallback((of: EditorStore) => of.stateOf(name), [name]));
  const problems = useEditorValue(useCallback((of: EditorStore) => of.problemsOf(id), [id]));
  const people = useEditorValue(useCallback((of: EditorStore) => of.peopleAt(id), [id]));
  // A text compares by value, so the card renders when its ports differ, and not with every edge elsewhere.
  const shape = useEditorValue(useCallback((of: EditorStore) => JSON.stringify(node ? shapeOf(of, node) : null), [node]));
  const due = useTurn();
  // Who waits for their turn is a box meanwhile, as all are from afar.
  const far = use(FarContext) || !due;
  const ask = use(AskContext);
  if (!node) return null;
  const ports = JSON.parse(shape) as Shape;
  const status = state?.status ?? "idle";
  const known = store.setting.groupOf(node.type);
  const group = known ?? "unknown";
  const n8n = known === undefined ? placeholderOf(node.type) : undefined;
  const later = n8n === undefined ? undefined : laterForType(n8n);
  const { height } = cardSize(node, ports.inputs.length, ports.outputs.length);
  const label = [name, node.type, node.disabled === true ? "disabled" : "", later ? `placeholder for ${later.name}` : known === undefined ? "unknown type" : "", state ? state.status : "", problems.length > 0 ? `${problems.length} problems` : "", ...people.map((person) => `${person.name} is here`)];
  return (
    <div
      className={`ed-card ed-${group} ed-is-${status}`}
      data-selected={selected}
      data-disabled={node.disabled === true}
      data-placeholder={later !== undefined}
      data-person={people[0]?.colour}
      style={{ height }}
      aria-label={label.filter(Boolean).join(", ")}
    >
      {!far && ports.inputs.map((port, index) => (
        <Handle key={index} id={`i${index}`} type="target" position={Position.Left} style={{ top: `${portAt(index, ports.inputs.length) * 100}%` }}>
          {ports.inputs.length > 1 && <span className="ed-port ed-port-in">{port}</span>}
        </Handle>
      ))}
      {far ? null : (
        <>
          <Glyph type={node.type} group={group} />
          <span className="ed-names" title={later ? `A placeholder for n8n's ${later.name}. ${later.comes}. Open it to see what to do until then.` : known === undefined ? `No node type \`${node.type}\` is known here. The node is kept as it is, and runs where a module or connector brings the type.` : name}>
            <strong>{name}</strong>
            <small>{state?.error ?? (later ? `${later.name}: comes later` : known === undefined ? `unknown: ${node.type}` : briefOf(node))}</small>
          </span>
          <Marks node={node} state={state} problems={problems} />
          {people.length > 0 && <span className="ed-people">{people.map((person) => <span key={person.client} data-person={person.colour}>{person.myself ? "You, elsewhere" : person.name}</span>)}</span>}
        </>
      )}
      {!far && ports.outputs.map((port, index) => (
        <Handle key={index} id={`o${index}`} type="source" position={Position.Right} style={{ top: `${portAt(index, ports.outputs.length) * 100}%` }} className={port === "error" ? "ed-error-port" : undefined}>
          {port !== "" && <span className="ed-port">{port}</span>}
        </Handle>
      ))}
      {!far && ask && ports.open.map((index) => <Follow key={index} node={node} index={index} of={ports.outputs.length} ask={ask} />)}
    </div>
  );
});

/** What is to be seen at once: how it went and how long it took, whether it is pinned, off or at fault. */
function Marks({ node, state, problems }: { readonly node: NodeSpec; readonly state: NodeState | undefined; readonly problems: readonly Problem[] }) {
  const sum = state?.counts?.reduce((all, count) => all + count, 0) ?? 0;
  return (
    <>
      <span className="ed-marks">
        {node.disabled === true && <span className="ed-mark" title="Disabled: it passes its first input through"><PowerOff size={11} aria-label="disabled" /></span>}
        {node.pinned !== undefined && <span className="ed-mark ed-mark-pinned" title={`Pinned: draft runs use these ${node.pinned.length} items`}><Pin size={11} aria-label="pinned" /></span>}
        {problems.length > 0 && (
          <Tip text={problems.map((problem) => problem.detail).join("; ")}>
            <span className="ed-mark ed-mark-bad"><CircleAlert size={11} aria-hidden />{problems.length}</span>
          </Tip>
        )}
        {state && <StateMark state={state} />}
      </span>
      {state && (state.status === "completed" || state.status === "failed") && (
        <span className="ed-time">{[state.times > 1 ? `${state.times}×` : "", state.status === "completed" ? (sum === 1 ? "1 item" : `${sum} items`) : "", state.micros === undefined ? "" : timeOf(state.micros)].filter(Boolean).join(" · ")}</span>
      )}
    </>
  );
}

function StateMark({ state }: { readonly state: NodeState }) {
  switch (state.status) {
    case "completed":
      return <span className="ed-mark ed-mark-good" title="Completed"><Check size={12} strokeWidth={3} aria-hidden /></span>;
    case "failed":
      return <Tip text={state.error ?? "it failed"}><span className="ed-mark ed-mark-bad"><X size={12} strokeWidth={3} aria-hidden /></span></Tip>;
    case "running":
    case "scheduled":
      return <span className="ed-mark ed-mark-busy" title="Running"><LoaderCircle size={12} className="animate-spin" aria-hidden /></span>;
    case "waiting":
      return <span className="ed-mark ed-mark-wait" title="Waiting"><Pause size={11} aria-hidden /></span>;
    case "skipped":
      return <span className="ed-mark" title="The run did not come here"><Minus size={11} aria-hidden /></span>;
    case "canceled":
      return <span className="ed-mark" title="Canceled"><CircleSlash size={11} aria-hidden /></span>;
  }
}

/** A way on from an output that leads nowhere yet. */
function Follow({ node, index, of, ask }: { readonly node: NodeSpec; readonly index: number; readonly of: number; readonly ask: (asked: Asked) => void }) {
  const [x, y] = positionOf(node);
  return (
    <button
      type="button"
      className="ed-follow nodrag nopan grid"
      tabIndex={-1}
      style={{ top: `${portAt(index, of) * 100}%` }}
      aria-label={`Add a node after ${node.name}${of > 1 ? `, output ${index + 1}` : ""}`}
      title="Add a node here"
      onClick={(event) => { event.stopPropagation(); ask({ at: [x + 224, y + (of > 1 ? (index - (of - 1) / 2) * 160 : 0)], after: { from: node.name, output: index } }); }}
    >
      <Plus size={12} aria-hidden />
    </button>
  );
}
