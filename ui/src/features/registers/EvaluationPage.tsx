import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { TextCursorInput, Trash2 } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { isGone } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Field, Input, Select, TextArea } from "@/kit/Field";
import { Unloaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { toasts } from "@/kit/toasts";
import { DeleteDialog } from "@/resource/DeleteDialog";
import { useEdited } from "@/resource/edited";
import { History } from "@/resource/History";
import { Overtaken } from "@/resource/Overtaken";
import { RenameDialog } from "@/resource/RenameDialog";
import { useVendorRegister } from "@/resource/renewals";

import { today } from "./days";
import { faultOf, open, ranking, STARTERS, type Evaluation } from "./evaluation";
import { Matrix } from "./Matrix";
import { SaveBar } from "./SaveBar";
import { Written } from "./Written";

type Spec = Record<string, unknown>;

/** Which of several services to take, by criteria that were agreed on before. */
export function EvaluationPage() {
  const { name } = useParams({ from: "/shell/evaluations/$name" });
  const navigate = useNavigate();
  const resource = useQuery({ queryKey: ["evaluation", name], queryFn: () => data(api.GET("/api/v1/evaluations/{name}", { params: { path: { name } } })) });
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  if (resource.data === undefined || isGone(resource.error)) return <Page title={name}><Unloaded of={resource} /></Page>;
  const spec = resource.data.spec as Spec;
  const { decision, title } = spec as Evaluation;
  return (
    <Page
      title={title ?? name}
      lead={decision === undefined ? "Nothing is decided yet." : <span className="inline-flex items-center gap-2"><Badge tone="good">{decision.chosen}</Badge> was chosen{decision.on === undefined ? "" : ` on ${decision.on}`}{decision.by === undefined ? "" : ` by ${decision.by}`}.</span>}
      actions={
        <>
          <Button icon={<TextCursorInput size={14} />} onClick={() => { setAsked("rename"); }}>Rename…</Button>
          <Button look="danger" icon={<Trash2 size={14} />} onClick={() => { setAsked("delete"); }}>Delete…</Button>
        </>
      }
    >
      <Content name={name} stored={spec} labels={resource.data.labels ?? {}} revision={resource.data.revision} />
      {asked === "rename" ? <RenameDialog kind="evaluation" name={name} onClose={() => { setAsked(null); }} onDone={(to) => navigate({ to: "/evaluations/$name", params: { name: to } })} /> : null}
      {asked === "delete" ? <DeleteDialog kind="evaluation" name={name} onClose={() => { setAsked(null); }} onDone={() => navigate({ to: "/evaluations" })} /> : null}
    </Page>
  );
}

function Content({ name, stored, labels, revision }: { name: string; stored: Spec; labels: Record<string, string>; revision: number }) {
  const client = useQueryClient();
  const register = useVendorRegister();
  const edited = useEdited(stored, revision);
  const evaluation = edited.value as Evaluation;
  const set = (next: Evaluation): void => {
    // What is empty is left out, as everywhere in a spec.
    edited.set(Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0))));
  };
  const save = useMutation({
    mutationFn: () => data(api.PUT("/api/v1/evaluations/{name}", { params: { path: { name }, header: { "If-Match": `"${String(revision)}"` } }, body: { spec: evaluation as Record<string, never>, labels } })),
    onSuccess: () => {
      edited.discard();
      toasts.done("Saved");
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["evaluation"] }),
  });
  const { criteria = [], candidates = [] } = evaluation;
  return (
    <>
      <div className="flex flex-col gap-6">
        <Overtaken fields={edited.both} onDiscard={edited.discard} />
        <Panel title="The question">
          <div className="flex flex-col gap-4">
            <Field label="Title">{(ids) => <Input {...ids} value={evaluation.title ?? ""} onChange={(event) => { set({ ...evaluation, title: event.target.value }); }} />}</Field>
            <Written name="Question" text={evaluation.question ?? ""} empty="What is the service wanted for? Say it before you look at candidates: volume, data, who uses it, until when." onChange={(question) => { set({ ...evaluation, question }); }} />
          </div>
        </Panel>
        <Panel flush title="Criteria and candidates">
          {criteria.length === 0 && candidates.length === 0 ? (
            <Empty
              title="Nothing to compare yet"
              action={
                <>
                  <Button look="primary" onClick={() => { set({ ...evaluation, criteria: [...STARTERS] }); }}>Begin with usual criteria</Button>
                  <Button onClick={() => { set({ ...evaluation, criteria: [{ name: "New criterion" }] }); }}>Begin with none</Button>
                </>
              }
            >
              Agree on criteria and weights first. Whoever scores first finds criteria that fit their favourite.
            </Empty>
          ) : (
            <>
              <Agreed evaluation={evaluation} onChange={set} />
              <Matrix evaluation={evaluation} vendors={register.data?.items ?? []} onChange={set} />
            </>
          )}
        </Panel>
        {candidates.length === 0 ? null : <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2"><Panel flush title="Ranking"><Ranked evaluation={evaluation} /></Panel><Panel title="Decision"><DecisionForm evaluation={evaluation} onChange={set} /></Panel></div>}
        <Panel flush title="History"><History kind="evaluation" name={name} /></Panel>
      </div>
      <SaveBar dirty={edited.dirty} busy={save.isPending} error={save.error} refused={faultOf(evaluation)} onSave={() => { save.mutate(); }} onDiscard={edited.discard} />
    </>
  );
}

/** Whether those who decide have agreed on criteria and weights. */
function Agreed({ evaluation, onChange }: { evaluation: Evaluation; onChange: (evaluation: Evaluation) => void }) {
  const who = useWho();
  const [by, setBy] = useState<string | null>(null);
  const { agreed } = evaluation;
  if (agreed !== undefined) {
    return (
      <div className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
        <Badge tone="good">agreed</Badge>
        <span>{`Criteria and weights were agreed on by ${agreed.by}${agreed.on === undefined ? "" : ` on ${agreed.on}`}. A change of them takes that back.`}</span>
        <Button look="quiet" onClick={() => { onChange(open(evaluation)); }}>Open them again</Button>
      </div>
    );
  }
  const names = (by ?? who).trim();
  return (
    <form
      className="flex flex-wrap items-center gap-2 border-b px-4 py-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (names !== "") onChange({ ...evaluation, agreed: { by: names, on: today() } });
      }}
    >
      <Badge tone="wait">not agreed</Badge>
      <label className="flex items-center gap-2">Agreed on by<Input className="w-56!" placeholder="Ada, Grace" value={by ?? who} onChange={(event) => { setBy(event.target.value); }} /></label>
      <Button type="submit" refused={names === "" ? "Say who has agreed" : (evaluation.criteria ?? []).length === 0 ? "There are no criteria yet" : undefined}>Criteria are agreed</Button>
    </form>
  );
}

/** Whoever is signed in. */
function useWho(): string {
  const me = useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: Infinity });
  return me.data?.user?.name ?? me.data?.actor ?? "";
}

function Ranked({ evaluation }: { evaluation: Evaluation }) {
  return (
    <ol aria-label="Ranking" className="divide-y">
      {ranking(evaluation).map((standing, at) => (
        <li key={`${standing.name}-${String(at)}`} className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 py-2">
          <span className="w-6 text-right font-semibold tabular-nums text-ink-soft">{standing.place ?? "–"}</span>
          <span className="min-w-0 flex-1 truncate font-medium">{standing.name}</span>
          <span className="tabular-nums">{standing.score === undefined ? "not judged" : standing.score.toFixed(2)}</span>
          {standing.failed.length > 0 ? <Badge tone="bad">out</Badge> : null}
          {standing.failed.length > 0 ? <span className="w-full pl-9 text-small text-bad">{`Lacks ${standing.failed.join(", ")}`}</span> : null}
          {standing.missing.length > 0 ? <span className="w-full pl-9 text-small text-ink-soft">{`Not judged: ${standing.missing.join(", ")}`}</span> : null}
        </li>
      ))}
    </ol>
  );
}

function DecisionForm({ evaluation, onChange }: { evaluation: Evaluation; onChange: (evaluation: Evaluation) => void }) {
  const who = useWho();
  const { decision, ...rest } = evaluation;
  const choose = (chosen: string): void => {
    onChange(chosen === "" ? rest : { ...rest, decision: { ...(decision ?? { on: today(), ...(who === "" ? {} : { by: who }) }), chosen } });
  };
  const set = (fields: Partial<NonNullable<Evaluation["decision"]>>): void => {
    if (decision === undefined) return;
    onChange({ ...rest, decision: Object.fromEntries(Object.entries({ ...decision, ...fields }).filter(([key, value]) => key === "chosen" || value !== "")) as NonNullable<Evaluation["decision"]> });
  };
  const standing = ranking(evaluation).find(({ name }) => name === decision?.chosen);
  return (
    <div className="flex flex-col gap-4">
      <Field label="Chosen">
        {(ids) => (
          <Select {...ids} value={decision?.chosen ?? ""} onChange={(event) => { choose(event.target.value); }}>
            <option value="">nothing yet</option>
            {(evaluation.candidates ?? []).map(({ name }, at) => <option key={at} value={name}>{name}</option>)}
          </Select>
        )}
      </Field>
      {decision === undefined ? null : (
        <>
          {standing !== undefined && (standing.failed.length > 0 || standing.place !== 1) ? <p role="status" className="text-small text-wait">{standing.failed.length > 0 ? `It lacks ${standing.failed.join(", ")}. Say why it was chosen all the same.` : "It is not the first of the ranking. Say why it was chosen all the same."}</p> : null}
          <div className="grid grid-cols-2 gap-4">
            <Field label="On (optional)">{(ids) => <Input {...ids} type="date" value={decision.on ?? ""} onChange={(event) => { set({ on: event.target.value }); }} />}</Field>
            <Field label="By (optional)">{(ids) => <Input {...ids} value={decision.by ?? ""} onChange={(event) => { set({ by: event.target.value }); }} />}</Field>
          </div>
          <Field label="Why (optional)">{(ids) => <TextArea {...ids} rows={3} value={decision.why ?? ""} onChange={(event) => { set({ why: event.target.value }); }} />}</Field>
        </>
      )}
    </div>
  );
}
