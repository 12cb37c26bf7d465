/** Runs by state, out of the server's counters in Prometheus' text form. */
export function runsByState(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const match = /^fishplate_\w*runs?\w*\{([^}]*)\}\s+([0-9.e+]+)$/.exec(line);
    if (match === null) continue;
    const status = /status="([a-z]+)"/.exec(match[1] ?? "")?.[1];
    if (status !== undefined) found[status] = (found[status] ?? 0) + Number(match[2]);
  }
  return found;
}

/** How many of these began in each stretch of time, the oldest stretch first. */
export function trend(begun: readonly number[], since: number, until: number, stretches: number): number[] {
  const counts = Array.from({ length: stretches }, () => 0);
  const width = (until - since) / stretches;
  for (const at of begun) {
    const index = Math.floor((at - since) / width);
    const now = counts[index];
    if (now !== undefined) counts[index] = now + 1;
  }
  return counts;
}
