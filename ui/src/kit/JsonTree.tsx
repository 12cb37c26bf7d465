import { ChevronRight } from "lucide-react";
import { useState } from "react";

/** Entries of a list or object that are shown at once; more on demand. */
const SLICE = 100;

/** A value as a tree that opens and closes. Large ones cost only what is open. */
export function JsonTree({ value, name, open = true }: { value: unknown; name?: string; open?: boolean }) {
  return (
    <div className="font-mono text-small leading-5">
      <Branch value={value} name={name} depth={0} initially={open} />
    </div>
  );
}

function Branch({ value, name, depth, initially }: { value: unknown; name: string | undefined; depth: number; initially: boolean }) {
  const [open, setOpen] = useState(initially);
  const [most, setMost] = useState(SLICE);
  const label = name === undefined ? null : <span className="text-accent">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div className="pl-4.5 break-words whitespace-pre-wrap">
        {label}
        <Leaf value={value} />
      </div>
    );
  }
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((entry, index) => [String(index), entry])
    : Object.entries(value);
  const [before, after] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    return (
      <div className="pl-4.5">
        {label}
        <span className="text-ink-faint">{before + after}</span>
      </div>
    );
  }
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
        className="flex w-full items-center gap-0.5 rounded-small text-left hover:bg-sunken"
      >
        <ChevronRight size={14} aria-hidden className={`shrink-0 text-ink-faint transition-transform duration-100 ${open ? "rotate-90" : ""}`} />
        <span>
          {label}
          <span className="text-ink-faint">
            {before}
            {open ? null : `… ${String(entries.length)} ${after}`}
          </span>
        </span>
      </button>
      {open ? (
        <div className="ml-1.5 border-l pl-2">
          {entries.slice(0, most).map(([key, entry]) => (
            <Branch key={key} name={key} value={entry} depth={depth + 1} initially={depth < 2} />
          ))}
          {entries.length > most ? (
            <button
              type="button"
              className="pl-4.5 text-accent hover:underline"
              onClick={() => {
                setMost(most + SLICE * 10);
              }}
            >
              {entries.length - most} more
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** Letters of a text that are shown at once. */
const LETTERS = 2_000;

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value === "string" && value.length > LETTERS && !whole) {
    return (
      <span className="text-good">
        {JSON.stringify(value.slice(0, LETTERS)).slice(0, -1)}…{" "}
        <button type="button" className="text-accent hover:underline" onClick={() => { setWhole(true); }}>
          {value.length - LETTERS} more letters
        </button>
      </span>
    );
  }
  if (typeof value === "string") return <span className="text-good">{JSON.stringify(value)}</span>;
  if (typeof value === "number") return <span className="text-busy">{String(value)}</span>;
  return <span className="text-wait">{String(value)}</span>;
}
