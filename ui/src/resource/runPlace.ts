/** What of a run is looked at, as it stands in the address. */
export interface RunPlace {
  step?: number;
  /** The steps one below the other, when it is absent. */
  view?: "graph";
}

export const runPlace = {
  read(search: Record<string, unknown>): RunPlace {
    const step = Number(search["step"]);
    return {
      ...(search["step"] !== undefined && Number.isSafeInteger(step) && step >= 0 ? { step } : {}),
      ...(search["view"] === "graph" ? { view: "graph" as const } : {}),
    };
  },
};
