import { Dialog } from "@/kit/Dialog";
import { Keys } from "@/kit/Keys";

import { PLACES } from "./navigation";

/** All keys that work everywhere. */
export function Shortcuts({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const rows: [string, string][] = [
    ["Mod+K", "Search, go somewhere, do something"],
    ["?", "This list"],
    ["g+e", "Workspace and environment"],
    ["]", "Runs: the next view"],
    ["[", "Runs: the view before"],
    ...PLACES.flatMap((group) => group.places).flatMap((place): [string, string][] =>
      place.key === undefined ? [] : [[`g+${place.key}`, place.name]],
    ),
  ];
  return (
    <Dialog title="Keyboard" description="On every page, outside of text fields." open={open} onOpenChange={onOpenChange}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {rows.map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt className="text-ink-soft"><Keys keys={keys} /></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
