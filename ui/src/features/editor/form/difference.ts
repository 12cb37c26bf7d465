//! What to replace in one text so that it becomes another: the least that begins and ends alike.

export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

export function difference(before: string, after: string): Replacement | undefined {
  if (before === after) return undefined;
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < least - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}
