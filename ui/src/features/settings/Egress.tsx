import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { problemOf, problemsOf } from "@/api/problem";
import type { components } from "@/api/schema";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Unloaded } from "@/kit/Loaded";
import { ProblemText } from "@/kit/States";
import { toasts } from "@/kit/toasts";
import { ChangeList } from "@/resource/ChangeList";
import { useEdited } from "@/resource/edited";
import { History } from "@/resource/History";
import { useKind } from "@/resource/kinds";
import { Overtaken } from "@/resource/Overtaken";
import { SchemaForm } from "@/resource/SchemaForm";

/** Name of the one `egress` resource of an environment. */
const NAME = "default";

type Spec = Record<string, unknown>;
type Stored = components["schemas"]["Resource"];

/** What workflows may call; nothing is set until somebody sets it. */
export function Egress() {
  const list = useQuery({ queryKey: ["egress", "list"], queryFn: () => data(api.GET("/api/v1/egress", { params: { query: { limit: 10 } } })) });
  if (list.data === undefined) return <Unloaded of={list} />;
  return <Rules stored={list.data.items[0] ?? null} />;
}

function Rules({ stored }: { stored: Stored | null }) {
  const client = useQueryClient();
  const kind = useKind("egress");
  const name = stored?.name ?? NAME;
  const spec = (stored?.spec ?? {}) as Spec;
  const revision = stored?.revision ?? null;
  const edited = useEdited(spec, revision);
  const { value, dirty } = edited;
  const header = revision === null ? {} : { header: { "If-Match": `"${String(revision)}"` } };
  const write = (dryRun: boolean) =>
    data(api.PUT("/api/v1/egress/{name}", { params: { path: { name }, query: { dryRun }, ...header }, body: { spec: value as Record<string, never>, labels: stored?.labels ?? {} } }));
  /** The server's own judgement first, then what would be another than now. */
  const review = useMutation({
    mutationFn: async () => {
      await write(true);
      const compared = await data(api.POST("/api/v1/diff", { body: { resources: [{ kind: "egress", name, spec: value as Record<string, never> }] } }));
      return compared.items.flatMap((one) => one.changes);
    },
  });
  const back = useMutation({
    mutationFn: (to: number) => data(api.POST("/api/v1/egress/{name}/rollback", { params: { path: { name } }, body: { revision: to } })),
    onSuccess: () => { toasts.done("The rules from before hold again"); },
    onError: (error) => { toasts.failed("The new rules stay", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["egress"] }),
  });
  const save = useMutation({
    mutationFn: () => write(false),
    onSuccess: () => {
      review.reset();
      edited.discard();
      toasts.done("The rules hold from now on", revision === null ? undefined : () => { back.mutate(revision); });
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["egress"] }),
  });
  if (kind.data === undefined) return <Unloaded of={kind} />;
  const refused = dirty ? undefined : "Nothing has changed";
  return (
    <div className="flex flex-col gap-4">
      <form
        className="flex max-w-2xl flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty && !review.isPending) review.mutate();
        }}
      >
        {revision === null ? <p className="text-ink-soft">No rules are set: every public address may be called, private ones only by connections that say so.</p> : null}
        <Overtaken fields={edited.both} onDiscard={edited.discard} />
        <SchemaForm
          schema={kind.data}
          value={value}
          onChange={(next) => {
            review.reset();
            edited.set(next);
          }}
          problems={problemsOf(review.error ?? save.error)}
        />
        {review.isError ? <ProblemText problem={problemOf(review.error)} /> : null}
        <div className="flex gap-2">
          <Button type="submit" look="primary" busy={review.isPending} refused={refused}>Check and review</Button>
          <Button look="quiet" refused={refused} onClick={() => { edited.discard(); review.reset(); }}>Discard</Button>
        </div>
      </form>
      {review.data === undefined ? null : (
        <Dialog
          title="Change what may be called?"
          description="The server has checked the rules. They hold for the next call, also of runs that are under way."
          open
          wide
          onOpenChange={() => { review.reset(); save.reset(); }}
          footer={
            <>
              <Button onClick={() => { review.reset(); save.reset(); }}>Go on editing</Button>
              <Button look="primary" busy={save.isPending} onClick={() => { save.mutate(); }}>Save</Button>
            </>
          }
        >
          <ChangeList changes={review.data} />
          {save.isError ? <div className="mt-3"><ProblemText problem={problemOf(save.error)} /></div> : null}
        </Dialog>
      )}
      {stored === null ? null : (
        <details>
          <summary className="cursor-pointer font-medium">History of these rules</summary>
          <div className="mt-2 rounded-base border"><History kind="egress" name={stored.name} /></div>
        </details>
      )}
    </div>
  );
}
