import { sentenceOf, type Problem } from "@/api/problem";

/** Whether a place is a field, or inside of one. */
function isWithin(pointer: string | null | undefined, field: string): boolean {
  return pointer === field || pointer?.startsWith(`${field}/`) === true;
}

/** What is wrong with a field or inside of it, in one line. */
export function faultAt(problems: readonly Problem[], ...fields: string[]): string | undefined {
  const found = problems.find(({ pointer }) => fields.some((field) => isWithin(pointer, field)));
  return found === undefined ? undefined : sentenceOf(found);
}

/** What is wrong with none of the fields of a form, and stands below them. One that only holds others says nothing itself. */
export function faultsElsewhere(problems: readonly Problem[], fields: readonly string[]): Problem[] {
  return problems.filter(({ pointer, problems: inner }) => (inner ?? []).length === 0 && !fields.some((field) => isWithin(pointer, field)));
}
