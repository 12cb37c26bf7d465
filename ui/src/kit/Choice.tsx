import type { ReactNode } from "react";

/** A few ways to look at one thing, of which one is on. */
export function Choice<T extends string>({ label, value, onChange, of }: { label: string; value: T; onChange: (value: T) => void; of: readonly { value: T; name: ReactNode }[] }) {
  return (
    <div role="group" aria-label={label} className="flex rounded-base border">
      {of.map((known) => (
        <button
          key={known.value}
          type="button"
          aria-pressed={value === known.value}
          onClick={() => { onChange(known.value); }}
          className={`flex h-6.5 items-center gap-1.5 px-2.5 text-small first:rounded-l-base last:rounded-r-base ${value === known.value ? "bg-accent-soft font-medium" : "text-ink-soft hover:bg-sunken"}`}
        >
          {known.name}
        </button>
      ))}
    </div>
  );
}
