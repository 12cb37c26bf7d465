import { Plus, Trash2 } from "lucide-react";
import { useRef, useState, type KeyboardEvent } from "react";

import { Button, IconButton } from "@/kit/Button";
import { Checkbox, Field, Input, Select, TextArea } from "@/kit/Field";
import { plural } from "@/kit/times";

import { BEST, ENOUGH, freeName, markOf, moved, ranking, withCandidate, withCriterion, withMark, withNewCriterion, withoutCandidate, withoutCriterion, type Criterion, type Evaluation, type Standing } from "./evaluation";

interface Props {
  evaluation: Evaluation;
  /** Vendors of the register, by name and title. */
  vendors: readonly { name: string; title: string }[];
  onChange: (evaluation: Evaluation) => void;
}

interface Cell {
  row: number;
  column: number;
}

/**
 * Criteria down, candidates across, a score where they meet. Arrow keys go from cell to cell, a digit scores, Delete takes
 * the score back, and what is written about the cell stands below.
 */
export function Matrix({ evaluation, vendors, onChange }: Props) {
  const { criteria = [], candidates = [] } = evaluation;
  const [chosen, setChosen] = useState<Cell>({ row: 0, column: 0 });
  const table = useRef<HTMLTableElement>(null);
  const note = useRef<HTMLTextAreaElement>(null);
  // What was chosen may have gone since.
  const cell = { row: Math.min(chosen.row, Math.max(0, criteria.length - 1)), column: Math.min(chosen.column, Math.max(0, candidates.length - 1)) };
  const standings = new Map(ranking(evaluation).map((standing) => [standing.name, standing]));
  const score = ({ row, column }: Cell, value: number | undefined): void => {
    const criterion = criteria[row];
    const candidate = candidates[column];
    if (criterion === undefined || candidate === undefined) return;
    const { score: _before, ...mark } = markOf(candidate, criterion.name);
    onChange(withMark(evaluation, column, criterion.name, { ...mark, ...(value === undefined ? {} : { score: value }) }));
  };
  const pressed = (event: KeyboardEvent, at: Cell): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = moved(event.key, at, criteria.length, candidates.length);
    if (next !== null) {
      setChosen(next);
      table.current?.querySelector<HTMLElement>(`[data-cell="${String(next.row)}-${String(next.column)}"]`)?.focus();
    } else if (/^[0-5]$/.test(event.key)) score(at, Number(event.key));
    else if (event.key === "Delete" || event.key === "Backspace") score(at, undefined);
    else if (event.key === "Enter") note.current?.focus();
    else return;
    event.preventDefault();
  };
  const addCandidate = (): void => { onChange({ ...evaluation, candidates: [...candidates, { name: freeName("New candidate", candidates.map(({ name }) => name)) }] }); };
  return (
    <div className="flex flex-col">
      <div className="relative overflow-x-auto" role="region" aria-label="Matrix" tabIndex={0}>
        <table ref={table} role="grid" aria-label="Scores" className="w-full border-collapse text-left">
          <thead>
            <tr className="border-b align-bottom">
              <th scope="col" className="min-w-52 px-4 py-2 text-small font-medium text-ink-soft">Criterion</th>
              <th scope="col" className="w-20 px-2 py-2 text-small font-medium text-ink-soft">Weight</th>
              {candidates.map((candidate, column) => (
                <th key={column} scope="col" className="min-w-32 border-l px-2 py-2 font-medium">
                  <span className="flex items-center gap-1">
                    <Input aria-label={`Name of candidate ${String(column + 1)}`} value={candidate.name} onChange={(event) => { onChange(withCandidate(evaluation, column, { name: event.target.value })); }} />
                    <IconButton name={`Remove ${candidate.name}`} icon={<Trash2 size={13} />} onClick={() => { onChange(withoutCandidate(evaluation, column)); }} />
                  </span>
                  <Select
                    aria-label={`Vendor of ${candidate.name}`}
                    className="mt-1 h-7! text-small"
                    value={candidate.vendor ?? ""}
                    onChange={(event) => { onChange(withCandidate(evaluation, column, { vendor: event.target.value })); }}
                  >
                    <option value="">not in the register</option>
                    {candidate.vendor !== undefined && vendors.every(({ name }) => name !== candidate.vendor) ? <option value={candidate.vendor}>{candidate.vendor}</option> : null}
                    {vendors.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
                  </Select>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {criteria.map((criterion, row) => (
              <tr key={row} className="border-b">
                <th scope="row" className="px-4 py-1.5 font-medium">
                  {criterion.name}
                  {criterion.mustHave === true ? <span className="ml-2 rounded-small bg-wait-soft px-1.5 text-tiny font-medium text-wait">{`must, at least ${String(criterion.atLeast ?? ENOUGH)}`}</span> : null}
                </th>
                <td className="px-2 py-1.5"><Input type="number" min={1} max={100} aria-label={`Weight of ${criterion.name}`} value={criterion.weight ?? 1} onChange={(event) => { onChange(withCriterion(evaluation, row, { weight: Math.max(0, Math.trunc(Number(event.target.value))) })); }} /></td>
                {candidates.map((candidate, column) => {
                  const mark = markOf(candidate, criterion.name);
                  const here = cell.row === row && cell.column === column;
                  const fails = criterion.mustHave === true && mark.score !== undefined && mark.score < (criterion.atLeast ?? ENOUGH);
                  return (
                    <td
                      key={column}
                      role="gridcell"
                      data-cell={`${String(row)}-${String(column)}`}
                      tabIndex={here ? 0 : -1}
                      aria-selected={here}
                      aria-label={`${candidate.name}, ${criterion.name}: ${mark.score === undefined ? "not judged" : String(mark.score)}${fails ? ", fails" : ""}${mark.note === undefined ? "" : ", with a note"}`}
                      className={`cursor-pointer border-l px-2 py-1.5 text-center tabular-nums aria-selected:bg-accent-soft ${fails ? "font-semibold text-bad" : mark.score === undefined ? "text-ink-faint" : "font-medium"}`}
                      onClick={() => { setChosen({ row, column }); }}
                      onFocus={() => { setChosen({ row, column }); }}
                      onKeyDown={(event) => { pressed(event, { row, column }); }}
                    >
                      {mark.score ?? "–"}
                      {mark.note === undefined ? null : <span aria-hidden className="ml-1 text-plate">•</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={2} className="px-4 py-2 font-medium">Weighted mean and place</th>
              {candidates.map((candidate, column) => <td key={column} className="border-l px-2 py-2 text-center"><Total standing={standings.get(candidate.name)} /></td>)}
            </tr>
          </tfoot>
        </table>
      </div>
      <div className="flex flex-wrap items-center gap-2 border-t px-4 py-2">
        <Button icon={<Plus size={13} />} onClick={() => { onChange(withNewCriterion(evaluation)); }}>Add a criterion</Button>
        <Button icon={<Plus size={13} />} onClick={addCandidate}>Add a candidate</Button>
        <span className="text-small text-ink-faint">In the matrix: arrow keys, 0 to 5 to score, Delete to take it back, Enter to write why.</span>
      </div>
      <About key={`${String(cell.row)}-${String(cell.column)}`} evaluation={evaluation} cell={cell} note={note} onChange={onChange} onScore={(value) => { score(cell, value); }} />
    </div>
  );
}

function Total({ standing }: { standing: Standing | undefined }) {
  if (standing?.score === undefined) return <span className="text-ink-faint">not judged</span>;
  return (
    <span className="flex flex-col items-center">
      <span className="font-semibold tabular-nums">{standing.score.toFixed(2)}</span>
      {standing.failed.length > 0 ? <span className="text-small text-bad">{`out: ${standing.failed.join(", ")}`}</span> : <span className={`text-small ${standing.place === 1 ? "text-good" : "text-ink-soft"}`}>{`place ${String(standing.place ?? "–")}`}</span>}
      {standing.missing.length > 0 ? <span className="text-small text-wait">{`${plural(standing.missing.length, "criterion", "criteria")} to judge`}</span> : null}
    </span>
  );
}

/** What is to be said of the cell that is chosen: its criterion, and why the score is what it is. */
function About({ evaluation, cell, note, onChange, onScore }: { evaluation: Evaluation; cell: Cell; note: React.RefObject<HTMLTextAreaElement | null>; onChange: (evaluation: Evaluation) => void; onScore: (score: number | undefined) => void }) {
  const criterion = evaluation.criteria?.[cell.row];
  const candidate = evaluation.candidates?.[cell.column];
  if (criterion === undefined) return null;
  const mark = candidate === undefined ? {} : markOf(candidate, criterion.name);
  return (
    <div className="grid gap-4 border-t bg-sunken/50 p-4 md:grid-cols-2">
      <CriterionForm evaluation={evaluation} at={cell.row} criterion={criterion} onChange={onChange} />
      {candidate === undefined ? <p className="text-ink-soft">Add a candidate to score.</p> : (
        <div className="flex flex-col gap-3">
          <h3 className="font-medium">{`${candidate.name}: ${criterion.name}`}</h3>
          <Field label="Score">
            {(ids) => (
              <Select {...ids} value={mark.score ?? ""} onChange={(event) => { onScore(event.target.value === "" ? undefined : Number(event.target.value)); }}>
                <option value="">not judged</option>
                {Array.from({ length: BEST + 1 }, (_, score) => <option key={score} value={score}>{score}</option>)}
              </Select>
            )}
          </Field>
          <Field label="Why" hint="What was seen, measured or promised, and where.">
            {(ids) => <TextArea {...ids} ref={note} rows={3} value={mark.note ?? ""} onChange={(event) => { onChange(withMark(evaluation, cell.column, criterion.name, { ...mark, note: event.target.value })); }} />}
          </Field>
        </div>
      )}
    </div>
  );
}

function CriterionForm({ evaluation, at, criterion, onChange }: { evaluation: Evaluation; at: number; criterion: Criterion; onChange: (evaluation: Evaluation) => void }) {
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center justify-between"><h3 className="font-medium">The criterion</h3><Button look="danger" icon={<Trash2 size={13} />} onClick={() => { onChange(withoutCriterion(evaluation, at)); }}>Remove it</Button></div>
      <Field label="Name of the criterion">{(ids) => <Input {...ids} value={criterion.name} onChange={(event) => { onChange(withCriterion(evaluation, at, { name: event.target.value })); }} />}</Field>
      <Field label="What counts (optional)">{(ids) => <TextArea {...ids} rows={2} value={criterion.meaning ?? ""} onChange={(event) => { onChange(withCriterion(evaluation, at, { meaning: event.target.value })); }} />}</Field>
      <div className="flex flex-wrap items-center gap-4">
        <Checkbox label="Must-have: who does not reach the least score is out" checked={criterion.mustHave === true} onChange={(event) => { onChange(withCriterion(evaluation, at, { mustHave: event.target.checked })); }} />
        {criterion.mustHave === true ? (
          <label className="flex items-center gap-2">
            Least score
            <Select className="w-16!" value={criterion.atLeast ?? ENOUGH} onChange={(event) => { onChange(withCriterion(evaluation, at, { atLeast: Number(event.target.value) })); }}>
              {[1, 2, 3, 4, 5].map((score) => <option key={score} value={score}>{score}</option>)}
            </Select>
          </label>
        ) : null}
      </div>
    </div>
  );
}
