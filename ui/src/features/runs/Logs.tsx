import { clsx } from "clsx";
import { Copy } from "lucide-react";

import type { components } from "@/api/schema";
import { IconButton } from "@/kit/Button";
import { Empty } from "@/kit/States";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

type Line = components["schemas"]["LogView"];

const TONE: Record<Line["level"], string> = { debug: "text-ink-faint", info: "text-ink-soft", warn: "text-wait", error: "text-bad" };

/** What a step has written while it worked. */
export function Logs({ lines }: { lines: readonly Line[] }) {
  if (lines.length === 0) {
    return (
      <Empty title="It wrote nothing">
        <p>What a code node writes stands here, as it was when the step ran:</p>
        <pre className="mt-2 rounded-base bg-sunken px-3 py-2 text-left font-mono text-small">console.log("total", $json.total)</pre>
        <p className="mt-2 text-small">console.debug, console.warn and console.error write too, each with its level.</p>
      </Empty>
    );
  }
  return (
    <div className="flex flex-col">
      <div className="flex items-center justify-between border-b px-4 py-1 text-small text-ink-soft">
        {plural(lines.length, "line")}
        <IconButton
          name="Copy the lines"
          icon={<Copy size={14} />}
          onClick={() => {
            void navigator.clipboard.writeText(lines.map(({ level, text }) => `${level}\t${text}`).join("\n")).then(
              () => { toasts.done("The lines are copied"); },
              (error: unknown) => { toasts.failed("The browser does not let the app copy", error); },
            );
          }}
        />
      </div>
      <ol aria-label="Log lines" className="flex flex-col divide-y font-mono text-small">
        {lines.map(({ level, text }, at) => (
          <li key={at} className={clsx("grid grid-cols-[3.5rem_minmax(0,1fr)] gap-3 px-4 py-1", level === "error" && "bg-bad-soft", level === "warn" && "bg-wait-soft")}>
            <span className={TONE[level]}>{level}</span>
            <span className="break-words whitespace-pre-wrap">{text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
