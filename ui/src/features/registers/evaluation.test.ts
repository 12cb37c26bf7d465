import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { faultOf, freeName, markOf, moved, ranking, withCandidate, withCriterion, withMark, withNewCriterion, withoutCandidate, withoutCriterion, type Evaluation, type Standing } from "./evaluation";

interface Case {
  name: string;
  evaluation: Evaluation;
  expect: Standing[];
}

// The server's own cases: what it says is what one sees while typing.
const CASES = JSON.parse(readFileSync(new URL("../../../../crates/fishplate/src/registers/ranking-cases.json", import.meta.url), "utf8")) as Case[];

test.each(CASES.map((one) => [one.name, one] as const))("%s", (_, one) => {
  expect(ranking(one.evaluation)).toEqual(one.expect);
});

const MAIL: Evaluation = {
  title: "Mail",
  criteria: [{ name: "price", weight: 2 }, { name: "support" }],
  candidates: [{ name: "Acme", scores: { price: { score: 4, note: "as listed" }, support: { score: 1 } } }, { name: "Other" }],
  decision: { chosen: "Acme" },
};

test("a mark that says nothing is not there", () => {
  const scored = withMark(MAIL, 1, "price", { score: 0 });
  expect(scored.candidates?.[1]?.scores).toEqual({ price: { score: 0 } });
  expect(withMark(scored, 1, "price", { note: "" })).toEqual(MAIL);
  expect(withMark(MAIL, 0, "price", { note: "asked" }).candidates?.[0]?.scores).toEqual({ price: { note: "asked" }, support: { score: 1 } });
  expect(JSON.stringify(withMark(withMark(MAIL, 0, "price", {}), 0, "price", { score: 4, note: "as listed" }))).toBe(JSON.stringify(MAIL));
  expect(markOf({ name: "Acme", scores: {} }, "constructor")).toEqual({});
});

test("scores go along with their criterion, and away with it", () => {
  const renamed = withCriterion(MAIL, 0, { name: "cost" });
  expect(renamed.candidates?.[0]?.scores).toEqual({ cost: { score: 4, note: "as listed" }, support: { score: 1 } });
  expect(withoutCriterion(renamed, 0).candidates?.[0]?.scores).toEqual({ support: { score: 1 } });
});

test("while two criteria have one name no score is lost", () => {
  const twins = withCriterion(MAIL, 1, { name: "price" });
  expect(faultOf(twins)).toBe("There are two of the criteria called price");
  expect(twins.candidates?.[0]?.scores).toEqual(MAIL.candidates?.[0]?.scores);
  expect(withoutCriterion(twins, 1).candidates?.[0]?.scores).toEqual(MAIL.candidates?.[0]?.scores);
});

test("what is usual of a criterion is not written down", () => {
  const must = withCriterion(MAIL, 1, { mustHave: true, atLeast: 4, weight: 1 });
  expect(must.criteria?.[1]).toEqual({ name: "support", mustHave: true, atLeast: 4 });
  expect(withCriterion(must, 1, { mustHave: false }).criteria?.[1]).toEqual({ name: "support" });
});

test("the choice goes along with the candidate's name, and away with the candidate", () => {
  expect(withCandidate(MAIL, 0, { name: "Acme Ltd", vendor: "acme" })).toMatchObject({ candidates: [{ name: "Acme Ltd", vendor: "acme" }, {}], decision: { chosen: "Acme Ltd" } });
  expect("vendor" in (withCandidate(withCandidate(MAIL, 0, { vendor: "acme" }), 0, { vendor: "" }).candidates?.[0] ?? {})).toBe(false);
  expect(withoutCandidate(MAIL, 0).decision).toBeUndefined();
  expect(withoutCandidate(MAIL, 1).decision).toEqual({ chosen: "Acme" });
});

test("what is changed about criteria is not agreed on, and what is scored by them is", () => {
  const agreed = { ...MAIL, agreed: { by: "Ada, Grace", on: "2027-03-06" } };
  const changed = [withCriterion(agreed, 0, { weight: 3 }), withCriterion(agreed, 0, { name: "cost" }), withNewCriterion(agreed), withoutCriterion(agreed, 0)];
  expect(changed.map((one) => one.agreed)).toEqual([undefined, undefined, undefined, undefined]);
  expect([withMark(agreed, 0, "price", { score: 1 }), withCandidate(agreed, 0, { name: "Acme Ltd" }), withoutCandidate(agreed, 0)].every((one) => one.agreed === agreed.agreed)).toBe(true);
});

test("names are free, and needed", () => {
  expect(freeName("Candidate", ["Candidate", "Candidate 2"])).toBe("Candidate 3");
  expect([faultOf(MAIL), faultOf({}), faultOf({ title: "x", candidates: [{ name: " " }] })]).toEqual([undefined, "It needs a title", "A candidate needs a name"]);
});

test("arrows stay in the matrix", () => {
  expect(moved("ArrowDown", { row: 1, column: 0 }, 2, 3)).toEqual({ row: 1, column: 0 });
  expect(moved("ArrowRight", { row: 1, column: 0 }, 2, 3)).toEqual({ row: 1, column: 1 });
  expect([moved("End", { row: 0, column: 0 }, 2, 3), moved("Home", { row: 0, column: 2 }, 2, 3), moved("x", { row: 0, column: 0 }, 2, 3)]).toEqual([{ row: 0, column: 2 }, { row: 0, column: 0 }, null]);
});
