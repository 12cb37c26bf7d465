//! An evaluation as it is edited: criteria, candidates, scores, and the ranking that follows while one types. The server
//! ranks by the same rules; `ranking-cases.json` holds both to them.

import { mean } from "./vendor";

export interface Mark {
  score?: number;
  note?: string;
}

export interface Criterion {
  name: string;
  weight?: number;
  meaning?: string;
  mustHave?: boolean;
  atLeast?: number;
}

export interface Candidate {
  name: string;
  vendor?: string;
  scores?: Record<string, Mark>;
  notes?: string;
}

export interface Evaluation {
  title?: string;
  question?: string;
  criteria?: Criterion[];
  /** Who agreed on the criteria, and when; what is changed about them later is not agreed on. */
  agreed?: { by: string; on?: string };
  candidates?: Candidate[];
  decision?: { chosen: string; on?: string; by?: string; why?: string };
}

/** How a candidate stands. */
export interface Standing {
  name: string;
  place?: number;
  score?: number;
  missing: string[];
  failed: string[];
}

/** Best score. */
export const BEST = 5;
/** The score that a must-have takes when nothing else is said. */
export const ENOUGH = 3;

/** Criteria to begin with. */
export const STARTERS: readonly Criterion[] = [
  { name: "Does what we need", weight: 3, meaning: "The tasks of the question, done without work around it." },
  { name: "Data protection", mustHave: true, meaning: "Region, agreement on processing, and what it does with our data." },
  { name: "Reliability", weight: 2, meaning: "Promised and shown availability; how it tells of disruptions." },
  { name: "Price", weight: 2, meaning: "A year at our volume, and at three times of it." },
  { name: "Support", meaning: "Who answers, how fast, in which language." },
  { name: "Ease of leaving", meaning: "Export of everything, open formats, days of notice." },
];

/** The ranking: the best first, those that lack a must-have last. */
export function ranking({ criteria = [], candidates = [] }: Evaluation): Standing[] {
  const standings = candidates.map((candidate): Standing => {
    const scoreOf = ({ name }: Criterion): number | undefined => own(candidate.scores, name)?.score;
    const score = mean(criteria.map((criterion) => ({ weight: criterion.weight, score: scoreOf(criterion) })));
    return {
      name: candidate.name,
      ...(score === null ? {} : { score }),
      missing: criteria.filter((criterion) => scoreOf(criterion) === undefined).map(({ name }) => name),
      failed: criteria.filter((criterion) => criterion.mustHave === true && (scoreOf(criterion) ?? BEST) < (criterion.atLeast ?? ENOUGH)).map(({ name }) => name),
    };
  });
  const out = ({ failed }: Standing): number => Number(failed.length > 0);
  standings.sort((one, other) => out(one) - out(other) || (other.score ?? -1) - (one.score ?? -1));
  standings.forEach((standing, at) => {
    if (standing.score === undefined || standing.failed.length > 0) return;
    const before = standings[at - 1];
    standing.place = before?.score === standing.score ? (before.place ?? at + 1) : at + 1;
  });
  return standings;
}

/** An entry that a record has itself: names are people's, and may be `constructor`. */
function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** What a candidate has by a criterion. */
export function markOf(candidate: Candidate, criterion: string): Mark {
  return own(candidate.scores, criterion) ?? {};
}

/** The same with a mark; one that says nothing is left out. */
export function withMark(evaluation: Evaluation, at: number, criterion: string, mark: Mark): Evaluation {
  const candidates = (evaluation.candidates ?? []).map((candidate, index) => {
    if (index !== at) return candidate;
    const others = Object.entries(candidate.scores ?? {}).filter(([name]) => name !== criterion);
    const entry: Mark = { ...(mark.score === undefined ? {} : { score: mark.score }), ...(mark.note === undefined || mark.note === "" ? {} : { note: mark.note }) };
    // In the order in which the server writes them, so that a score that comes back is no change.
    const scores = Object.fromEntries((Object.keys(entry).length === 0 ? others : [...others, [criterion, entry] as const]).sort(([one], [other]) => (one < other ? -1 : 1)));
    const { scores: _before, ...rest } = candidate;
    return Object.keys(scores).length === 0 ? rest : { ...candidate, scores };
  });
  return { ...evaluation, candidates };
}

/** The same with a criterion changed; its scores go along with its name. */
export function withCriterion(evaluation: Evaluation, at: number, fields: Partial<Criterion>): Evaluation {
  const before = evaluation.criteria?.[at];
  if (before === undefined) return evaluation;
  const after = { ...before, ...fields };
  const criteria = (evaluation.criteria ?? []).map((criterion, index) => (index === at ? trimmed(after) : criterion));
  const others = criteria.some((criterion, index) => index !== at && (criterion.name === before.name || criterion.name === after.name));
  const rest = open(evaluation);
  // Of two criteria with one name nobody knows whose the scores are: they stay where they are until it is another one.
  if (before.name === after.name || others) return { ...rest, criteria };
  const candidates = (evaluation.candidates ?? []).map((candidate) => ({
    ...candidate,
    scores: Object.fromEntries(Object.entries(candidate.scores ?? {}).map(([name, mark]) => [name === before.name ? after.name : name, mark])),
  }));
  return { ...rest, criteria, candidates };
}

/** The same with another criterion, which nobody has judged by. */
export function withNewCriterion(evaluation: Evaluation): Evaluation {
  const criteria = evaluation.criteria ?? [];
  return { ...open(evaluation), criteria: [...criteria, { name: freeName("New criterion", criteria.map(({ name }) => name)) }] };
}

/** The same with its criteria not agreed on. */
export function open(evaluation: Evaluation): Evaluation {
  const { agreed: _before, ...rest } = evaluation;
  return rest;
}

/** What is as usual is not written down. */
function trimmed({ name, weight, meaning, mustHave, atLeast }: Criterion): Criterion {
  return {
    name,
    ...(weight === undefined || weight === 1 ? {} : { weight }),
    ...(meaning === undefined || meaning === "" ? {} : { meaning }),
    ...(mustHave === true ? { mustHave } : {}),
    ...(mustHave === true && atLeast !== undefined && atLeast !== ENOUGH ? { atLeast } : {}),
  };
}

/** The same without a criterion and its scores. */
export function withoutCriterion(evaluation: Evaluation, at: number): Evaluation {
  const name = evaluation.criteria?.[at]?.name;
  const criteria = (evaluation.criteria ?? []).filter((_, index) => index !== at);
  if (criteria.some((criterion) => criterion.name === name)) return { ...open(evaluation), criteria };
  const candidates = (evaluation.candidates ?? []).map((candidate) => ({ ...candidate, scores: Object.fromEntries(Object.entries(candidate.scores ?? {}).filter(([known]) => known !== name)) }));
  return { ...open(evaluation), criteria, candidates };
}

/** The same with a candidate changed; the choice goes along with its name. */
export function withCandidate(evaluation: Evaluation, at: number, fields: { name?: string; vendor?: string | undefined }): Evaluation {
  const before = evaluation.candidates?.[at];
  if (before === undefined) return evaluation;
  const { vendor, ...rest } = { ...before, ...fields };
  const after: Candidate = { ...rest, ...(vendor === undefined || vendor === "" ? {} : { vendor }) };
  const candidates = (evaluation.candidates ?? []).map((candidate, index) => (index === at ? after : candidate));
  const { decision } = evaluation;
  return { ...evaluation, candidates, ...(decision?.chosen === before.name ? { decision: { ...decision, chosen: after.name } } : {}) };
}

/** The same without a candidate; who was chosen and goes is not chosen any more. */
export function withoutCandidate(evaluation: Evaluation, at: number): Evaluation {
  const name = evaluation.candidates?.[at]?.name;
  const { decision, ...rest } = evaluation;
  return { ...rest, candidates: (evaluation.candidates ?? []).filter((_, index) => index !== at), ...(decision === undefined || decision.chosen === name ? {} : { decision }) };
}

/** A name that nobody has. */
export function freeName(wanted: string, taken: readonly string[]): string {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted} ${String(count)}`;
    if (!taken.includes(name)) return name;
  }
}

/** What has to be mended before it can be saved. */
export function faultOf({ title = "", criteria = [], candidates = [] }: Evaluation): string | undefined {
  if (title.trim() === "") return "It needs a title";
  for (const [list, what] of [[criteria, "criterion"], [candidates, "candidate"]] as const) {
    const names = list.map(({ name }) => name);
    if (names.some((name) => name.trim() === "")) return `A ${what} needs a name`;
    const twin = names.find((name, at) => names.indexOf(name) !== at);
    if (twin !== undefined) return `There are two of the ${what === "criterion" ? "criteria" : "candidates"} called ${twin}`;
  }
  return undefined;
}

/** Where an arrow key leads in the matrix; nothing when it leads nowhere. */
export function moved(key: string, { row, column }: { row: number; column: number }, rows: number, columns: number): { row: number; column: number } | null {
  const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const step = steps[key];
  if (step !== undefined) {
    const next = { row: Math.min(Math.max(row + step[0], 0), rows - 1), column: Math.min(Math.max(column + step[1], 0), columns - 1) };
    return next;
  }
  if (key === "Home") return { row, column: 0 };
  return key === "End" ? { row, column: columns - 1 } : null;
}
