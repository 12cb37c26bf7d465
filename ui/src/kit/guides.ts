/** The guides that the help page has, by the name that stands in the address. */
export const GUIDES = ["first-workflow", "from-n8n", "mend", "secrets", "data", "expressions", "keyboard", "api", "registers", "govern"] as const;
export type GuideName = (typeof GUIDES)[number];

const PLACES: [RegExp, GuideName][] = [
  [/^\/workflows\/[^/]+\/edit/, "expressions"],
  [/^\/workflows/, "first-workflow"],
  [/^\/(runs|waiting)/, "mend"],
  [/^\/data/, "data"],
  [/^\/(connections|variables)/, "secrets"],
  [/^\/(integrations|vendors|evaluations|secrets)/, "registers"],
  [/^\/(people|account|access|audit|settings)/, "govern"],
  [/^\/reference/, "api"],
  [/^\/$/, "first-workflow"],
];

/** The guide that explains what is at a path; the help page itself and what is for developers need none. */
export function guideAt(path: string): GuideName | undefined {
  return PLACES.find(([place]) => place.test(path))?.[1];
}
