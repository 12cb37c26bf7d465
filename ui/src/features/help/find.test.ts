import { expect, test } from "vitest";

import codes from "@/api/problems.json";
import { GUIDES } from "@/kit/guides";
import { paths } from "@/paths";

import { findCodes, findGuides, type Code } from "./find";
import { TEXTS } from "./guides";

test("every word must be there, and a title counts more than the text", () => {
  expect(findGuides("failed run")[0]).toBe("mend");
  expect(findGuides("n8n")[0]).toBe("from-n8n");
  expect(findGuides("no such words at all")).toEqual([]);
  expect(findGuides("")).toEqual([...GUIDES]);
});

test("a code is found by its number and by what it says", () => {
  expect(findCodes(codes as Code[], "fp0002").map(({ code }) => code)).toEqual(["FP0002"]);
  expect(findCodes(codes as Code[], "valid token").map(({ code }) => code)).toContain("FP0002");
});

test("every code says what it means and what to do", () => {
  for (const { code, sections } of codes as Code[]) {
    expect(sections.map(({ name }) => name), code).toEqual(expect.arrayContaining(["What it means", "What to do"]));
    expect(sections.every(({ blocks }) => blocks.length > 0), code).toBe(true);
  }
});

test("guides lead to places that there are", () => {
  const leads = Object.values(TEXTS).flatMap(({ sections }) => sections.flatMap(({ to }) => (to === undefined ? [] : [to.path])));
  expect(leads.filter((path) => !Object.values(paths).includes(path as never))).toEqual([]);
});
