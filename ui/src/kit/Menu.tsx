import { DropdownMenu as Radix } from "radix-ui";
import { clsx } from "clsx";
import type { ReactNode } from "react";

import { Keys } from "./Keys";

export interface Act {
  name: string;
  icon?: ReactNode;
  keys?: string;
  danger?: boolean;
  /** Why it cannot be done now. */
  refused?: string | undefined;
  do: () => void;
}

/** A list of acts behind a button. */
export function Menu({ trigger, acts }: { trigger: ReactNode; acts: (Act | "line")[] }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 min-w-44 rounded-base border bg-raised p-1 shadow-high"
        >
          {acts.map((act, index) =>
            act === "line" ? (
              <Radix.Separator key={`line-${String(index)}`} className="my-1 h-px bg-line" />
            ) : (
              <Radix.Item
                key={act.name}
                disabled={act.refused !== undefined}
                onSelect={act.do}
                title={act.refused}
                className={clsx(
                  "flex h-7 cursor-pointer items-center gap-2 rounded-small px-2 outline-none data-[disabled]:cursor-not-allowed data-[disabled]:opacity-50 data-[highlighted]:bg-sunken",
                  act.danger === true && "text-bad",
                )}
              >
                <span className="flex w-4 justify-center">{act.icon}</span>
                <span className="flex-1">{act.name}</span>
                {act.keys === undefined ? null : <Keys keys={act.keys} />}
              </Radix.Item>
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
