//! Acts on the selected nodes, under the canvas.

import { AlignCenterHorizontal, AlignCenterVertical, AlignEndHorizontal, AlignEndVertical, AlignHorizontalSpaceAround, AlignStartHorizontal, AlignStartVertical, AlignVerticalSpaceAround, Copy, Eye, Group, Pin, Play, Power, SquarePen, Trash2 } from "lucide-react";
import type { ReactNode } from "react";

import { isNote, type NodeSpec } from "../../canvas/graph/document";
import { align, distribute, type Positions, type Side } from "../../canvas/graph/layout";
import type { EditorStore } from "../../canvas/store";
import { Button, IconButton } from "@/kit/Button";
import { calledBy } from "./Peek";

const SIDES: readonly { readonly side: Side; readonly icon: ReactNode }[] = [
  { side: "left", icon: <AlignStartVertical size={15} /> },
  { side: "center", icon: <AlignCenterVertical size={15} /> },
  { side: "right", icon: <AlignEndVertical size={15} /> },
  { side: "top", icon: <AlignStartHorizontal size={15} /> },
  { side: "middle", icon: <AlignCenterHorizontal size={15} /> },
  { side: "bottom", icon: <AlignEndHorizontal size={15} /> },
];

/** The colours that notes have, by their numbers from 1 on. */
const COLOURS = ["Yellow", "Orange", "Red", "Green", "Blue", "Teal", "Grey"];

interface Props {
  readonly chosen: readonly NodeSpec[];
  readonly acts: Readonly<Record<string, () => void>>;
  readonly store: EditorStore;
  readonly onRunTo: (node: NodeSpec) => void;
}

export function SelectionBar({ chosen, acts, store, onRunTo }: Props) {
  const move = (label: string, positions: Positions) => store.act(label, [{ type: "moveNodes", positions }]);
  const [one] = chosen;
  const off = chosen.every((node) => node.disabled === true);
  return (
    <div className="absolute bottom-4 left-1/2 z-10 flex max-w-[calc(100%-1.5rem)] -translate-x-1/2 flex-wrap items-center gap-0.5 rounded-large border bg-raised p-1 shadow-high" role="toolbar" aria-label="Selected nodes">
      {chosen.length === 1 && one && !isNote(one) && (
        <>
          <Button look="quiet" icon={<SquarePen size={14} />} onClick={acts["open"]}>Open</Button>
          <Button look="quiet" icon={<Play size={13} />} onClick={() => onRunTo(one)}>Run to here</Button>
          {calledBy(one) !== undefined && <Button look="quiet" icon={<Eye size={14} />} onClick={acts["peek"]}>Look into {calledBy(one)}</Button>}
        </>
      )}
      {chosen.length === 1 && one && isNote(one) && (
        <span role="group" aria-label="Colour of the note" className="flex items-center gap-1 px-1">
          {COLOURS.map((name, index) => (
            <button key={name} type="button" className="ed-note grid size-5 rounded-full! p-0! aria-pressed:ring-2 aria-pressed:ring-accent" data-color={index + 1} aria-label={name} title={name} aria-pressed={(one.params?.["color"] ?? 1) === index + 1}
              onClick={() => store.act("Colour note", [{ type: "setParameter", id: one.id, pointer: "/color", value: index === 0 ? undefined : index + 1 }])} />
          ))}
        </span>
      )}
      {chosen.length > 1 && <span className="px-2 text-ink-soft">{chosen.length} selected</span>}
      {chosen.length > 1 && SIDES.map(({ side, icon }) => <IconButton key={side} name={`Align ${side}`} icon={icon} onClick={() => move(`Align ${side}`, align(chosen, side))} />)}
      {chosen.length > 2 && (
        <>
          <IconButton name="Spread across" icon={<AlignHorizontalSpaceAround size={15} />} onClick={() => move("Distribute", distribute(chosen, "across"))} />
          <IconButton name="Spread down" icon={<AlignVerticalSpaceAround size={15} />} onClick={() => move("Distribute", distribute(chosen, "down"))} />
        </>
      )}
      {chosen.length > 1 && <IconButton name="Group" icon={<Group size={15} />} keys="Mod+G" onClick={acts["group"]} />}
      <span aria-hidden className="mx-1 h-5 w-px bg-line" />
      <IconButton name="Pin or unpin the output" icon={<Pin size={15} />} keys="P" onClick={acts["pin"]} />
      <IconButton name="Duplicate" icon={<Copy size={15} />} keys="Mod+D" onClick={acts["duplicate"]} />
      <IconButton name={off ? "Enable" : "Disable"} icon={<Power size={15} />} keys="D" onClick={acts["disable"]} />
      <IconButton name="Remove" icon={<Trash2 size={15} />} keys="Delete" onClick={acts["remove"]} />
    </div>
  );
}
