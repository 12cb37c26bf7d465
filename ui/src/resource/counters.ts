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
