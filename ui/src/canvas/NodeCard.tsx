//! One node on the canvas. It renders when its own part of the document, its state or its problems change.

import { Handle, Position, useStore, type NodeProps } from "@xyflow/react";
import { memo, useCallback } from "react";

import { isNote } from "./graph/document";
import { sizeOf } from "./graph/layout";
import { portsOf } from "./graph/ports";
import { type EditorStore, useEditor, useEditorValue, useNode } from "./store";
import { isFar } from "./far";
import { glyphOf } from "./glyph";

export const NodeCard = memo(function NodeCard({ id, selected }: NodeProps) {
  const node = useNode(id);
  const store = useEditor();
  const name = node?.name ?? "";
  const state = useEditorValue(useCallback((of: EditorStore) => of.stateOf(name), [name]));
  const problems = useEditorValue(useCallback((of: EditorStore) => of.problemsOf(id), [id]));
  // Edges change the ports of unknown types only; a text compares by value, so the card renders when they differ.
  const shape = useEditorValue(
    useCallback((of: EditorStore) => JSON.stringify(node ? portsOf(node, of.setting.groupOf, of.document) : null), [node]),
  );
  // From afar no text can be read, and hundreds of cards are drawn: they are boxes then.
  const far = useStore(isFar);
  if (!node) return null;
  const ports = JSON.parse(shape) as ReturnType<typeof portsOf>;
  const status = state?.status ?? "idle";
  const group = store.setting.groupOf(node.type) ?? "unknown";
  const rows = Math.max(ports.inputs.length, ports.outputs.length, 1);
  const label = [name, node.type, node.disabled === true ? "disabled" : "", state ? state.status : "", problems.length > 0 ? `${problems.length} problems` : ""];
  return (
    <div
      className={`ed-card ed-${group} ed-is-${status}`}
      data-selected={selected}
      data-disabled={node.disabled === true}
      style={{ minHeight: Math.max(64, rows * 26 + 12) }}
      aria-label={label.filter(Boolean).join(", ")}
    >
      {ports.inputs.map((_, index) => (
        <Handle key={index} id={`i${index}`} type="target" position={Position.Left} style={{ top: `${((index + 0.5) / ports.inputs.length) * 100}%` }} />
      ))}
      {!far && (
        <>
          <span className="ed-glyph" aria-hidden>
            {glyphOf(node.type, group)}
          </span>
          <span className="ed-names" title={name}>
            <strong>{name}</strong>
            <small>{state?.error ?? (node.notes || node.type)}</small>
          </span>
        </>
      )}
      {node.pinned !== undefined && <span className="ed-pin" title={`${node.pinned.length} pinned items`}>pinned</span>}
      {problems.length > 0 && <span className="ed-bad" title={problems.map((problem) => problem.detail).join("\n")}>{problems.length}</span>}
      {ports.outputs.map((port, index) => (
        <Handle key={index} id={`o${index}`} type="source" position={Position.Right} style={{ top: `${((index + 0.5) / ports.outputs.length) * 100}%` }} className={port === "error" ? "ed-error-port" : undefined}>
          {!far && (port !== "" || state?.counts?.[index] !== undefined) && (
            <span className="ed-port">{[port, state?.counts?.[index] === undefined ? "" : `${state.counts[index]}`].filter(Boolean).join(" · ")}</span>
          )}
        </Handle>
      ))}
    </div>
  );
});

export const NoteCard = memo(function NoteCard({ id, selected }: NodeProps) {
  const node = useNode(id);
  const store = useEditor();
  if (!node || !isNote(node)) return null;
  const { width, height } = sizeOf(node);
  const content = typeof node.params?.["content"] === "string" ? node.params["content"] : "";
  return (
    <div className="ed-note" data-selected={selected} data-color={String(node.params?.["color"] ?? 1)} style={{ width, height }}>
      <textarea
        className="nodrag nowheel"
        aria-label={`Text of ${node.name}`}
        value={content}
        placeholder="Write a note"
        onChange={(event) => store.act("Edit note", [{ type: "setParameter", id, pointer: "/content", value: event.target.value }], { key: `${id}/content` })}
      />
    </div>
  );
});
