import { preference } from "./preference";

/** How much air is around things. */
export type Density = "comfortable" | "compact";

export const density = preference<Density>("fishplate.density", ["comfortable", "compact"], (chosen) => {
  document.documentElement.dataset["density"] = chosen;
});
