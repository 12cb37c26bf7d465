//! The smallest changes of a document, each of which can be turned round. Operations are made of them.

import { at, same, steps, withAt, type Json } from "./json";
import { edgesOf, nodeById, sameEdge, type Edge, type NodeSpec, type Workflow } from "./document";

export type Change =
  | { readonly kind: "insertNode"; readonly index: number; readonly node: NodeSpec }
  | { readonly kind: "deleteNode"; readonly index: number; readonly node: NodeSpec }
  | { readonly kind: "insertEdge"; readonly index: number; readonly edge: Edge }
  | { readonly kind: "deleteEdge"; readonly index: number; readonly edge: Edge }
  /** A place in a node. */
  | { readonly kind: "setInNode"; readonly id: string; readonly pointer: string; readonly before: Json | undefined; readonly after: Json | undefined }
  /** A place in the document outside of nodes and edges. */
  | { readonly kind: "setInRoot"; readonly pointer: string; readonly before: Json | undefined; readonly after: Json | undefined };

/**
 * Makes a change. What it is about may be gone, because somebody else's work was merged in since the change was made
 * (an undo after a merge): it then changes nothing, and never brings back half of something.
 */
export function apply(document: Workflow, change: Change): Workflow {
  switch (change.kind) {
    case "insertNode": {
      if (nodeById(document, change.node.id)) return document;
      const nodes = [...document.nodes];
      nodes.splice(Math.min(change.index, nodes.length), 0, change.node);
      return { ...document, nodes };
    }
    case "deleteNode":
      if (!nodeById(document, change.node.id)) return document;
      return { ...document, nodes: document.nodes.filter((node) => node.id !== change.node.id) };
    case "insertEdge": {
      if (edgesOf(document).some((edge) => sameEdge(edge, change.edge))) return document;
      const edges = [...edgesOf(document)];
      edges.splice(Math.min(change.index, edges.length), 0, change.edge);
      return { ...document, edges };
    }
    case "deleteEdge": {
      const edges = edgesOf(document).filter((edge) => !sameEdge(edge, change.edge));
      return edges.length === edgesOf(document).length ? document : { ...document, edges };
    }
    case "setInNode": {
      const node = nodeById(document, change.id);
      if (!node || same(at(node, steps(change.pointer)), change.after)) return document;
      const next = withAt(node, steps(change.pointer), change.after) as NodeSpec;
      return { ...document, nodes: document.nodes.map((other) => (other === node ? next : other)) };
    }
    case "setInRoot":
      if (same(at(document, steps(change.pointer)), change.after)) return document;
      return withAt(document, steps(change.pointer), change.after) as Workflow;
  }
}

export function invert(change: Change): Change {
  switch (change.kind) {
    case "insertNode":
      return { ...change, kind: "deleteNode" };
    case "deleteNode":
      return { ...change, kind: "insertNode" };
    case "insertEdge":
      return { ...change, kind: "deleteEdge" };
    case "deleteEdge":
      return { ...change, kind: "insertEdge" };
    case "setInNode":
    case "setInRoot":
      return { ...change, before: change.after, after: change.before };
  }
}

export function applyAll(document: Workflow, changes: readonly Change[]): Workflow {
  return changes.reduce(apply, document);
}

/** What undoes changes that were made one after the other. */
export function inverse(changes: readonly Change[]): Change[] {
  return changes.map(invert).reverse();
}
