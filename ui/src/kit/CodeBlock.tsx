import { CopyButton } from "./CopyButton";

/** Code with its name and a button that copies it. What is one long line breaks instead of being scrolled. */
export function CodeBlock({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }) {
  return (
    <div className="flex items-start rounded-base border bg-sunken">
      <div role="region" aria-label={label} tabIndex={0} className="min-w-0 flex-1 overflow-x-auto p-3">
        <pre className={`font-mono text-small leading-5 ${wrap ? "break-all whitespace-pre-wrap" : ""}`}>{text}</pre>
      </div>
      <span className="shrink-0 p-1"><CopyButton text={text} name={`Copy ${label.toLowerCase()}`} /></span>
    </div>
  );
}
