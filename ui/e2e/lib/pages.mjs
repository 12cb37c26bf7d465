//! Every page of the app, once: for the checks of all pages and for the screenshots of the documentation.

export const PAGES = [
  { name: "home", path: () => "/" },
  { name: "workflows", path: () => "/workflows" },
  { name: "workflow", path: (seed) => `/workflows/${seed.workflow}` },
  { name: "editor", path: (seed) => `/workflows/${seed.workflow}/edit`, ready: (page) => page.getByRole("toolbar", { name: "Editor" }).waitFor() },
  { name: "runs", path: () => "/runs" },
  { name: "run", path: (seed) => `/runs/${seed.run}` },
  { name: "waiting", path: () => "/waiting" },
  { name: "connections", path: () => "/connections" },
  { name: "connection", path: (seed) => `/connections/${seed.connection}` },
  { name: "variables", path: () => "/variables" },
  { name: "data", path: () => "/data" },
  { name: "table", path: () => "/data/customers", ready: (page) => page.getByRole("gridcell", { name: "Ada", exact: true }).waitFor() },
  { name: "integrations", path: () => "/integrations?open=host%2Fapi.example.com", ready: (page) => page.getByRole("heading", { name: "Accounts" }).waitFor() },
  { name: "vendors", path: () => "/vendors", ready: (page) => page.getByRole("link", { name: "Example CRM", exact: true }).waitFor() },
  { name: "vendor", path: () => "/vendors/example-crm", ready: (page) => page.getByRole("heading", { name: "How we get away" }).waitFor() },
  { name: "evaluations", path: () => "/evaluations", ready: (page) => page.getByRole("link", { name: "Who sends our mail" }).waitFor() },
  { name: "evaluation", path: () => "/evaluations/mail", ready: (page) => page.getByRole("grid", { name: "Scores" }).waitFor() },
  { name: "secrets", path: () => "/secrets", ready: (page) => page.getByRole("link", { name: "crm", exact: true }).waitFor() },
  { name: "audit", path: () => "/audit" },
  { name: "people", path: () => "/people", person: true },
  { name: "account", path: () => "/account", person: true },
  { name: "access", path: () => "/access" },
  { name: "settings", path: () => "/settings" },
  { name: "reference", path: () => "/reference" },
  { name: "help", path: () => "/help" },
  { name: "gallery", path: () => "/gallery" },
  { name: "sign-in", path: () => "/sign-in", open: true },
  { name: "join", path: (seed) => `/join${seed.invitation}`, open: true },
];

/** What the browser of whoever looks at a place has: nothing, a session, or a token. */
export function looker(place, seed, server) {
  if (place.open === true) return { token: undefined };
  return place.person === true ? { token: undefined, cookie: seed.cookie } : { token: server.token };
}

/** Waits until a page shows what it is about: its name, nothing that loads, and its own fonts. */
export async function shown(page, place) {
  await (place?.ready?.(page) ?? page.getByRole("heading", { level: 1 }).first().waitFor());
  await page.waitForFunction(() => document.querySelector('main :not([data-sample]) > [role="status"][aria-label="Loading"]') === null);
  await page.evaluate(async () => {
    await document.fonts.ready;
  });
}

/** The place in an address, without the workspace and environment before it. */
export function placeIn(url) {
  return new URL(url).pathname.replace(/^\/in\/[^/]+\/[^/]+/, "");
}
