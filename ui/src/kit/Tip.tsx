import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

import { Keys } from "./Keys";

/** A line of help that appears on hover and focus. */
export function Tip({ text, keys, children }: { text: string; keys?: string | undefined; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          sideOffset={5}
          collisionPadding={8}
          className="z-50 flex max-w-80 items-center gap-2 rounded-base bg-ink px-2 py-1 text-small text-ground shadow-high"
        >
          {text}
          {keys === undefined ? null : <Keys keys={keys} />}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
