import fc from "fast-check";
import { expect, test } from "vitest";

import type { Run, Step } from "./runDetail";
import { findFailed, FIRST, merged, missing, missingFromEnd, MOST, stale, type Steps, type Window } from "./runSteps";

function step(number: number, status = "completed"): Step {
  return { step: number, node: "Set", nodeType: "core.set", runIndex: 0, status, attempts: 1, startedAt: number, inputs: [], outputCounts: [] };
}

/** Answers as the server does, out of the steps that there are. */
function answer(steps: readonly Step[], { from, limit }: Window, status: Run["status"] = "running"): Run {
  const end = from + limit;
  return {
    id: "run_1", workflow: "w", status, mode: "manual", startedBy: "a", runsAs: "a", createdAt: 0, stepCount: Math.max(steps.length - 1, 0), handledErrorCount: 0, uncertainCount: 0, dead: "none",
    // A copy, as every answer is one.
    steps: structuredClone(steps.slice(from, end)),
    ...(end < steps.length ? { nextStep: end } : {}),
  };
}

const many = (count: number): Step[] => Array.from({ length: count }, (_, number) => step(number));
const read = (steps: readonly Step[], window: Window, before?: Steps): Steps => merged(before, answer(steps, window), window);
const refresh = (steps: readonly Step[], before: Steps): Steps => stale(before).reduce((known, window) => read(steps, window, known), before);

test("a run of one page is known whole", () => {
  const known = read(many(3), FIRST);
  expect(known.rows.map((row) => row?.step)).toEqual([0, 1, 2]);
  expect("steps" in known.head).toBe(false);
});

test("of a long run there is a place for every step before it is read", () => {
  const known = read(many(1_200), FIRST);
  expect(known.rows).toHaveLength(1_200);
  expect(known.rows[500]).toBeUndefined();
  expect(missing(known, 480, 520)).toEqual({ from: 500, limit: 500 });
  expect(missing(known, 0, 500)).toBeNull();
});

test("pages that are read in any order come together", () => {
  const all = many(1_200);
  const known = [{ from: 1_000, limit: 500 }, FIRST, { from: 500, limit: 500 }].reduce<Steps | undefined>((before, window) => read(all, window, before), undefined);
  expect(known?.rows.map((row) => row?.step)).toEqual(all.map((row) => row.step));
});

test("after news only what was open and what came behind it is read", () => {
  const all = many(800);
  const known = [FIRST, { from: 500, limit: 500 }].reduce<Steps | undefined>((before, window) => read([...all.slice(0, 799), step(799, "running")], window, before), undefined);
  if (known === undefined) throw new Error("nothing was read");
  expect(stale(known)).toEqual([{ from: 799, limit: MOST }]);
});

test("a step that waits far in front is read by itself", () => {
  const all = many(2_000);
  all[10] = step(10, "waiting");
  const known = [{ from: 0, limit: 1_000 }, { from: 1_000, limit: 1_000 }].reduce<Steps | undefined>((before, window) => read(all, window, before), undefined);
  expect(known && stale(known)).toEqual([{ from: 10, limit: 1 }, { from: 1_999, limit: MOST }]);
});

test("while the end was not looked at, news cost the run's own state alone", () => {
  const known = read(many(5_000), FIRST);
  expect(stale(known)).toEqual([{ from: 0, limit: 1 }]);
  expect(refresh(many(6_000), known).rows).toHaveLength(6_000);
});

test("a step that is as it was stays the same object, and a list of such steps, too", () => {
  const all = [...many(4), step(4, "running")];
  const known = read(all, FIRST);
  expect(read(all, FIRST, known).rows).toBe(known.rows);
  const grown = read([...many(5), step(5, "running")], FIRST, known);
  expect(grown.rows[3]).toBe(known.rows[3]);
  expect(grown.rows[4]).not.toBe(known.rows[4]);
});

test("an answer that comes late takes nothing away", () => {
  const known = read(many(5), FIRST);
  expect(read(many(3), FIRST, known).rows).toHaveLength(5);
});

test("a count that was too high is corrected by the end of the list", () => {
  const high = merged(undefined, { ...answer(many(800), FIRST), stepCount: 900 }, FIRST);
  expect(high.rows).toHaveLength(901);
  expect(read(many(800), { from: 500, limit: 500 }, high).rows).toHaveLength(800);
});

test("what failed is looked for from the end", () => {
  const known = read(many(3_000), FIRST);
  expect(missingFromEnd(known)).toEqual({ from: 2_000, limit: 1_000 });
  expect(missingFromEnd(read(many(3), FIRST))).toBeNull();
});

test("a step that failed is found beyond the first pages, with as few reads as there are pages behind it", async () => {
  const all = many(4_200);
  all[2_900] = step(2_900, "failed");
  let known = read(all, FIRST);
  const asked: number[] = [];
  const found = await findFailed(known, (window) => {
    asked.push(window.from);
    known = read(all, window, known);
    return Promise.resolve(known);
  });
  expect(found?.step).toBe(2_900);
  expect(asked).toEqual([3_200, 2_200]);
});

test("where no step has failed the search ends", async () => {
  const all = many(1_500);
  let known = read(all, FIRST);
  expect(await findFailed(known, (window) => Promise.resolve((known = read(all, window, known))))).toBeUndefined();
  expect(await findFailed(read(all, FIRST), () => Promise.resolve(undefined))).toBeUndefined();
});

test("however a run grows and whatever is looked at, what is known is what there is", () => {
  const status = fc.constantFrom("completed", "running", "waiting", "failed");
  fc.assert(
    fc.property(fc.array(fc.tuple(status, fc.nat(3), fc.nat(60)), { maxLength: 12 }), (acts) => {
      let all: Step[] = [step(0)];
      let known = read(all, { from: 0, limit: 4 });
      for (const [next, grow, look] of acts) {
        // What was open goes on, and further steps begin.
        all = all.map((old) => (old.status === "completed" ? old : { ...old, status: next }));
        all = [...all, ...Array.from({ length: grow }, (_, index) => step(all.length + index, index === 0 ? next : "completed"))];
        const window = missing(known, look, look + 5);
        if (window !== null) known = read(all, { from: window.from, limit: 7 }, known);
        known = refresh(all, known);
      }
      known.rows.forEach((row, at) => {
        if (row !== undefined) expect(row).toEqual(all[at]);
      });
      expect(known.rows).toHaveLength(all.length);
    }),
  );
});
