import { Dialog as Radix } from "radix-ui";
import { X } from "lucide-react";
import { useRef, type ReactNode } from "react";

import { IconButton } from "./Button";

/** Something that must be dealt with before the page goes on. Escape and the ground behind it close it. */
export function Dialog({
  title,
  description,
  open,
  onOpenChange,
  wide,
  children,
  footer,
}: {
  title: string;
  description?: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  wide?: boolean;
  children?: ReactNode;
  footer?: ReactNode;
}) {
  // Opened by keys or from a menu it has no button of its own to go back to.
  const before = useRef<Element | null>(null);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-ink/35 dark:bg-ground/70" />
        <Radix.Content
          // A tip over the closing button would take the first Escape for itself, so the focus begins on the dialog.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            before.current = document.activeElement;
            (event.currentTarget as HTMLElement).focus();
          }}
          onCloseAutoFocus={(event) => {
            if (!(before.current instanceof HTMLElement) || !before.current.isConnected) return;
            event.preventDefault();
            before.current.focus();
          }}
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          className={`fixed top-[12vh] left-1/2 z-40 flex max-h-[76vh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col rounded-large border bg-raised shadow-high outline-none ${wide === true ? "max-w-3xl" : "max-w-lg"}`}
        >
          <header className="flex items-start justify-between gap-4 px-5 pt-4 pb-2">
            <div>
              <Radix.Title className="text-large font-semibold">{title}</Radix.Title>
              {description === undefined ? null : (
                <Radix.Description className="mt-0.5 text-ink-soft">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton name="Close" icon={<X size={15} />} />
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-4">{children}</div>
          {footer === undefined ? null : <footer className="flex justify-end gap-2 border-t px-5 py-3">{footer}</footer>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
