import { Plus, Trash2 } from "lucide-react";

import type { Problem } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Table, Td, Th, Tr } from "@/kit/Table";

import { mean, type Judgement } from "./vendor";
import { Score } from "./VendorsPage";

const WORDS = ["useless", "poor", "so-so", "good enough", "good", "could not be better"];

interface Props {
  entries: readonly Judgement[];
  problems: readonly Problem[];
  /** Who judges, and on which day. */
  by: string;
  today: string;
  onChange: (entries: Judgement[]) => void;
}

/** How good a vendor is, criterion by criterion, with who judged and when. */
export function Scorecard({ entries, problems, by, today, onChange }: Props) {
  const change = (at: number, fields: Partial<Judgement>): void => {
    onChange(entries.map((entry, index) => (index === at ? { ...entry, ...fields } : entry)));
  };
  const judge = (at: number, text: string): void => {
    onChange(entries.map((entry, index) => {
      if (index !== at) return entry;
      const { score: _score, by: _by, on: _on, ...rest } = entry;
      return text === "" ? rest : { ...rest, score: Number(text), ...(by === "" ? {} : { by }), on: today };
    }));
  };
  const wrong = (at: number): string | undefined => problems.find(({ pointer }) => pointer?.startsWith(`/spec/scorecard/${String(at)}/`) === true)?.detail;
  return (
    <div className="flex flex-col">
      {entries.length === 0 ? <p className="p-4 text-ink-soft">Nothing is judged yet. Add what matters to you, such as reliability or support, and weigh it.</p> : (
        <Table label="Scorecard" head={<><Th>Criterion</Th><Th>Weight</Th><Th>Score</Th><Th>Why</Th><Th>Judged</Th><Th><span className="sr-only">Acts</span></Th></>}>
          {entries.map((entry, at) => {
            const called = entry.criterion === "" ? `criterion ${String(at + 1)}` : entry.criterion;
            const fault = wrong(at);
            return (
              <Tr key={at}>
                <Td className="min-w-40">
                  <Input aria-label={`Name of ${called}`} aria-invalid={fault === undefined ? undefined : true} value={entry.criterion} onChange={(event) => { change(at, { criterion: event.target.value }); }} />
                  {fault === undefined ? null : <p role="alert" className="mt-1 text-small text-bad">{fault}</p>}
                </Td>
                <Td className="w-20"><Input type="number" min={1} max={100} aria-label={`Weight of ${called}`} value={entry.weight ?? 1} onChange={(event) => { change(at, { weight: Math.max(0, Math.trunc(Number(event.target.value))) }); }} /></Td>
                <Td className="w-44">
                  <Select aria-label={`Score of ${called}`} value={entry.score ?? ""} onChange={(event) => { judge(at, event.target.value); }}>
                    <option value="">not judged</option>
                    {WORDS.map((word, score) => <option key={word} value={score}>{`${String(score)} – ${word}`}</option>)}
                  </Select>
                </Td>
                <Td className="min-w-40"><Input aria-label={`Why ${called}`} value={entry.note ?? ""} onChange={(event) => { const { note: _note, ...rest } = entry; onChange(entries.map((known, index) => (index !== at ? known : event.target.value === "" ? rest : { ...rest, note: event.target.value }))); }} /></Td>
                <Td className="text-small whitespace-nowrap text-ink-soft">{entry.score === undefined ? "" : [entry.by, entry.on].filter((part) => part !== undefined).join(", ")}</Td>
                <Td className="w-px"><IconButton name={`Remove ${called}`} icon={<Trash2 size={14} />} onClick={() => { onChange(entries.filter((_, index) => index !== at)); }} /></Td>
              </Tr>
            );
          })}
        </Table>
      )}
      <div className="flex items-center justify-between border-t px-4 py-2">
        <Button icon={<Plus size={13} />} onClick={() => { onChange([...entries, { criterion: "" }]); }}>Add a criterion</Button>
        <span className="flex items-center gap-2 text-ink-soft">Weighted mean <Score value={mean(entries)} /></span>
      </div>
    </div>
  );
}
