import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Dialog } from "@/kit/Dialog";
import { Checkbox } from "@/kit/Field";
import { Skeleton } from "@/kit/States";
import { count } from "@/kit/times";
import type { Step } from "@/resource/runDetail";
import { contentOf } from "@/resource/shape";

import { JsonDialog } from "./JsonDialog";

/** More items than this nobody edits by hand. */
const MOST = 200;

interface Props {
  run: string;
  step: Step;
  /** Where the new run begins, in words. */
  place: string;
  onClose: () => void;
  onStart: (input: unknown[], newest: boolean) => void;
}

/** Items for a repeated step, which begin as those that it had. */
export function ForkDialog({ run, step, place, onClose, onStart }: Props) {
  const [newest, setNewest] = useState(false);
  // The trigger puts out what it was given; other steps got what the one before them put out.
  const source = step.step === 0 ? { step: 0, output: Math.max(step.outputCounts.length - 1, 0) } : step.inputs.flat()[0];
  const before = useQuery({
    queryKey: ["items", run, source?.step, source?.output, "all"],
    enabled: source !== undefined,
    retry: false,
    staleTime: Infinity,
    queryFn: () => data(api.GET("/api/v1/runs/{run}/steps/{step}/items", { params: { path: { run, step: String(source?.step) }, query: { port: source?.output ?? 0, limit: MOST } } })),
  });
  const title = `${place} with other input`;
  if (before.isLoading) return <Dialog title={title} open wide onOpenChange={onClose}><Skeleton lines={4} /></Dialog>;
  const items = before.data?.items.map(contentOf) ?? [];
  const left = (before.data?.total ?? 0) - items.length;
  return (
    <JsonDialog
      title={title}
      description="A new run begins there with these items. The old run stays as it is."
      label="Items"
      hint={left > 0 ? `The first ${count(items.length)} of its items. The other ${count(left)} are not in the new run.` : "A list of objects; each is one item's content."}
      begin={items.length === 0 ? [{}] : items}
      act="Start"
      judge={(value) => {
        const read = itemsOf(value);
        return typeof read === "string" ? read : undefined;
      }}
      onClose={onClose}
      onSend={(value) => {
        const read = itemsOf(value);
        if (typeof read !== "string") onStart(read, newest);
      }}
    >
      <Checkbox label="On the newest live revision instead of the one that the run began on" checked={newest} onChange={(event) => { setNewest(event.target.checked); }} />
    </JsonDialog>
  );
}

/** The items that a value states, in the API's form; or what is wrong with it. */
export function itemsOf(value: unknown): unknown[] | string {
  if (!Array.isArray(value)) return "expected a list of objects";
  const odd = value.findIndex((entry) => typeof entry !== "object" || entry === null || Array.isArray(entry));
  if (odd >= 0) return `entry ${String(odd)} is no object`;
  return value.map((entry: object) => ("json" in entry ? entry : { json: entry }));
}
