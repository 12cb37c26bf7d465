import { clsx } from "clsx";
import { useId, type ComponentProps, type ReactNode } from "react";

const CONTROL =
  "w-full rounded-base border border-line-strong bg-surface px-2 text-ink placeholder:text-ink-faint shadow-low aria-invalid:border-bad disabled:bg-sunken disabled:text-ink-faint";

/** A label, a control, what helps, and what is wrong, bound together for assistive technology. */
export function Field({
  label,
  hint,
  error,
  action,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  action?: ReactNode;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined }) => ReactNode;
}) {
  const id = useId();
  const said = error !== undefined || hint !== undefined ? `${id}-said` : undefined;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-center justify-between gap-2">
        <label htmlFor={id} className="font-medium text-ink">
          {label}
        </label>
        {action}
      </div>
      {children({ id, "aria-describedby": said, "aria-invalid": error === undefined ? undefined : true })}
      {error !== undefined ? (
        <p id={said} role="alert" className="text-small text-bad">
          {error}
        </p>
      ) : hint !== undefined ? (
        <p id={said} className="text-small text-ink-faint">
          {hint}
        </p>
      ) : null}
    </div>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input {...rest} className={clsx(CONTROL, "h-8", className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea {...rest} className={clsx(CONTROL, "min-h-16 py-1.5", className)} />;
}

/** The system's own list: it works with every keyboard, reader and phone. */
export function Select({ className, children, ...rest }: ComponentProps<"select">) {
  return (
    <select {...rest} className={clsx(CONTROL, "h-8 pr-6", className)}>
      {children}
    </select>
  );
}

export function Checkbox({ label, ...rest }: ComponentProps<"input"> & { label: ReactNode }) {
  return (
    <label className="inline-flex cursor-pointer items-center gap-2">
      <input type="checkbox" {...rest} className="size-4 shrink-0 accent-(--accent)" />
      {label}
    </label>
  );
}
