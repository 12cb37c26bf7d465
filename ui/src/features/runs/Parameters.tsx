import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { IconButton } from "@/kit/Button";
import { JsonTree } from "@/kit/JsonTree";
import { Loaded } from "@/kit/Loaded";
import { capital, Line } from "@/kit/Prose";
import { Empty } from "@/kit/States";
import { count } from "@/kit/times";
import { pathOf } from "@/resource/shape";

type Resolved = components["schemas"]["ResolvedParameter"];

/** What the expressions of a step's parameters came to, one item at a time. */
export function Parameters({ run, step }: { run: string; step: number }) {
  const [item, setItem] = useState(0);
  const resolved = useQuery({
    // They are worked out again as they were then, so news are no reason to ask anew.
    queryKey: ["parameters", run, step, item],
    queryFn: () => data(api.GET("/api/v1/runs/{run}/steps/{step}/parameters", { params: { path: { run, step: String(step) }, query: { item } } })),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded of={resolved}>
      {({ items, parameters }) => (
        <div className="flex flex-col">
          {items > 1 ? (
            <div role="group" aria-label="Item" className="flex items-center gap-1 border-b px-4 py-1 text-small text-ink-soft tabular-nums">
              <span className="mr-auto">For item {count(item)} of {count(items)}, counted from 0</span>
              <IconButton name="The item before" icon={<ChevronLeft size={14} />} refused={item === 0 ? "It is the first one" : undefined} onClick={() => { setItem(item - 1); }} />
              <IconButton name="The next item" icon={<ChevronRight size={14} />} refused={item + 1 >= items ? "It is the last one" : undefined} onClick={() => { setItem(item + 1); }} />
            </div>
          ) : null}
          {parameters.length === 0 ? (
            <Empty title="No expressions here">None of its parameters is worked out: each is as it stands in the node.</Empty>
          ) : (
            <ul aria-label="Parameters" className="flex flex-col divide-y">
              {parameters.map((parameter) => <Row key={parameter.pointer} of={parameter} />)}
            </ul>
          )}
        </div>
      )}
    </Loaded>
  );
}

function Row({ of: { pointer, expression, value, error, notes } }: { of: Resolved }) {
  return (
    <li className="grid gap-x-4 gap-y-1 px-4 py-2.5 sm:grid-cols-[minmax(7rem,1fr)_minmax(0,3fr)]">
      <h3 className="font-medium break-words">{pathOf(pointer)}</h3>
      <div className="flex min-w-0 flex-col gap-1">
        <code className="font-mono text-small break-words whitespace-pre-wrap text-ink-soft">{expression}</code>
        {error != null ? (
          <p className="text-bad"><span className={clsx("inline-block break-words", capital(error.detail))}><Line text={error.detail} /></span>{error.hint == null ? null : <span className={clsx("block text-ink-soft", capital(error.hint))}><Line text={error.hint} /></span>}</p>
        ) : value === undefined ? (
          <p className="text-wait">Nothing: it is <code className="font-mono">undefined</code></p>
        ) : typeof value === "object" && value !== null ? (
          <JsonTree value={value} />
        ) : (
          <p className="font-mono text-small break-words whitespace-pre-wrap">{typeof value === "string" ? (value === "" ? <span className="text-ink-faint">an empty text</span> : value) : JSON.stringify(value)}</p>
        )}
        {(notes ?? []).map((note) => <p key={note} className="text-small text-wait">{note}</p>)}
      </div>
    </li>
  );
}
