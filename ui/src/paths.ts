/** Every place of the app, by what is there. Links are made here and nowhere else. */
export const paths = {
  home: "/",
  workflows: "/workflows",
  workflow: "/workflows/$name",
  editor: "/workflows/$name/edit",
  runs: "/runs",
  run: "/runs/$run",
  waiting: "/waiting",
  connections: "/connections",
  connection: "/connections/$name",
  variables: "/variables",
  data: "/data",
  table: "/data/$name",
  subscribers: "/webhooks",
  subscriber: "/webhooks/subscribers/$name",
  eventTypes: "/webhooks/event-types",
  deliveries: "/webhooks/deliveries",
  cameIn: "/webhooks/came-in",
  endpoints: "/webhooks/endpoints",
  portalLinks: "/webhooks/portal",
  integrations: "/integrations",
  vendors: "/vendors",
  vendor: "/vendors/$name",
  evaluations: "/evaluations",
  evaluation: "/evaluations/$name",
  secrets: "/secrets",
  audit: "/audit",
  people: "/people",
  account: "/account",
  access: "/access",
  settings: "/settings",
  reference: "/reference",
  help: "/help",
  gallery: "/gallery",
} as const;

/** A path of this app to go on at; whatever leads elsewhere is home, so that no link can send people away. */
export function ownPath(text: unknown): string {
  if (typeof text !== "string" || !text.startsWith("/")) return "/";
  try {
    const url = new URL(text, "http://here.invalid");
    const path = url.pathname + url.search + url.hash;
    // Dots in a path can leave two slashes at its front, which a browser takes for another host.
    return url.host === "here.invalid" && !/^\/[/\\]/.test(path) ? path : "/";
  } catch {
    return "/";
  }
}
