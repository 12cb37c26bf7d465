import { Dialog as Radix } from "radix-ui";
import { X } from "lucide-react";
import type { ReactNode } from "react";

import { IconButton } from "./Button";

/** One entry of a list in full, beside the list. Escape and the ground behind it close it; the focus goes back to the entry. */
export function Drawer({ title, description, onClose, children, footer }: { title: string; description?: ReactNode; onClose: () => void; children: ReactNode; footer?: ReactNode }) {
  return (
    <Radix.Root open onOpenChange={(open) => { if (!open) onClose(); }}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-ink/25 dark:bg-ground/60" />
        <Radix.Content
          // A tip over the closing button would take the first Escape for itself.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className="fixed inset-y-0 right-0 z-40 flex w-full max-w-2xl flex-col border-l bg-raised shadow-high outline-none"
        >
          <header className="flex items-start justify-between gap-4 border-b px-5 py-3 max-sm:px-4">
            <div className="min-w-0">
              <Radix.Title className="text-large font-semibold break-words">{title}</Radix.Title>
              {description === undefined ? null : <Radix.Description asChild><div className="mt-0.5 text-small break-words text-ink-soft">{description}</div></Radix.Description>}
            </div>
            <Radix.Close asChild><IconButton name="Close" icon={<X size={15} />} /></Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto p-5 max-sm:p-4">{children}</div>
          {footer === undefined ? null : <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3 max-sm:px-4">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
