import { preference } from "./preference";

/** Light, dark, or as the system has it. */
export type Theme = "system" | "light" | "dark";

const dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");

export const theme = preference<Theme>("fishplate.theme", ["system", "light", "dark"], (chosen) => {
  const isDark = chosen === "dark" || (chosen === "system" && dark?.matches === true);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
});

dark?.addEventListener("change", () => {
  theme.show();
});
