// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { EXAMPLE } from "@/resource/example";
import { openPage, Refuses, type Answers, type Asked } from "@/testing/page";

import { HomePage } from "./HomePage";

// It draws on a canvas, which jsdom has not. What it draws is tested where it is reckoned.
vi.mock("./Chart", () => ({ Chart: ({ buckets }: { buckets: { completed: number }[] }) => <p>{buckets.reduce((sum, bucket) => sum + bucket.completed, 0)} completed of late</p> }));

const run = (id: string, workflow: string, status: string, more: object = {}): object => ({ id, workflow, status, dead: "none", mode: "webhook", createdAt: Date.now() - 1_000, ...more });

function serve(answers: Answers = {}): Answers {
  const runs = ({ query }: Asked): object => ({ items: query.has("status") ? [run("run_2", "ask", "waiting")] : [run("run_1", "orders", "completed"), run("run_2", "ask", "waiting")] });
  return {
    "GET /api/v1/runs": runs,
    "GET /api/v1/workflows": () => ({ items: [{ kind: "workflow", name: "orders", revision: 1, spec: { nodes: [] } }] }),
    "GET /api/v1/dead": () => ({ items: [run("run_3", "refunds", "failed", { error: "gone" })] }),
    "GET /api/v1/metrics": () => 'fishplate_runs{status="completed"} 1234\nfishplate_runs{status="failed"} 1\n',
    "GET /api/v1/listeners": () => [],
    ...answers,
  };
}

const openHome = (answers: Answers) => openPage({ path: "/", at: "/", page: HomePage }, answers);

test("home shows what runs, what failed, and how runs went", async () => {
  openHome(serve());
  expect(await screen.findByText("1,234")).toBeTruthy();
  expect(await screen.findByText("gone")).toBeTruthy();
  expect(await screen.findByText("1 completed of late")).toBeTruthy();
  expect((await screen.findByRole("link", { name: /refunds/ })).getAttribute("href")).toContain("/runs/run_3");
});

test("what cannot be read says so in its place alone", async () => {
  openHome(serve({ "GET /api/v1/dead": () => new Refuses(503, "FP0001", "the store is closed") }));
  expect(await screen.findByText("the store is closed")).toBeTruthy();
  expect(await screen.findByText("1 completed of late")).toBeTruthy();
});

test("schedules that are live are told with their next time, and others are not", async () => {
  const spec = { nodes: [{ name: "Each night", type: "core.schedule", params: { rules: [{ every: "days", count: 1, hour: 3, minute: 15 }] } }] };
  const workflow = (name: string, revision: number): object => ({ kind: "workflow", name, revision, spec });
  openHome(serve({
    "GET /api/v1/workflows": () => ({ items: [workflow("nightly", 4), workflow("asleep", 5), workflow("never", 6)] }),
    "GET /api/v1/workflows/nightly/activation": () => ({ enabled: true, revision: 4 }),
    "GET /api/v1/workflows/asleep/activation": () => ({ enabled: false, revision: 5 }),
    "GET /api/v1/workflows/never/activation": () => new Refuses(404, "FP0201", "it was never live"),
  }));
  const link = await screen.findByRole("link", { name: /nightly/ });
  expect(within(link).getByText("every day at 03:15")).toBeTruthy();
  expect(within(link).getByText(/^in /)).toBeTruthy();
  expect(screen.queryByText("asleep")).toBeNull();
  expect(screen.queryByText("never")).toBeNull();
});

test("accounts that are dead or end soon are told, and lead to where they are connected again", async () => {
  openHome(serve({ "GET /api/v1/connection-warnings": () => ({ items: [
    { name: "mail", state: "ending", needsConsent: true, scopes: [], endsAt: Date.now() + 86_400_000 },
    { name: "crm", state: "dead", needsConsent: true, scopes: [], deadSince: Date.now() - 60_000, reason: "invalid_grant" },
  ] }) }));
  const link = await screen.findByRole("link", { name: /crm/ });
  expect(link.getAttribute("href")).toBe("/connections/crm");
  expect(within(link).getByText("Connect it again")).toBeTruthy();
  const names = screen.getAllByRole("link", { name: /^(crm|mail)/ }).map((one) => one.getAttribute("href"));
  expect(names).toEqual(["/connections/crm", "/connections/mail"]);
});

const EMPTY: Answers = { "GET /api/v1/runs": () => ({ items: [] }), "GET /api/v1/workflows": () => ({ items: [] }), "GET /api/v1/dead": () => ({ items: [] }) };

test("a newcomer's example is made, set live, run, and shown", async () => {
  const path = `/api/v1/workflows/${EXAMPLE.name}`;
  const { user, asked, address } = openHome(serve({ ...EMPTY, [`PUT ${path}`]: () => ({}), [`POST ${path}/activate`]: () => ({}), [`POST ${path}/run`]: () => ({ run: "run_1" }) }));
  await user.click(await screen.findByRole("button", { name: "Try the example" }));
  await waitFor(() => { expect(address()).toContain("/runs/run_1?view=graph"); });
  expect(asked.filter(({ what }) => !what.startsWith("GET")).map(({ what }) => what)).toEqual([`PUT ${path}`, `POST ${path}/activate`, `POST ${path}/run`]);
});

test("an example that is refused says why", async () => {
  const { user } = openHome(serve({ ...EMPTY, [`PUT /api/v1/workflows/${EXAMPLE.name}`]: () => new Refuses(403, "FP0102", "you may not write workflows") }));
  await user.click(await screen.findByRole("button", { name: "Try the example" }));
  expect(await screen.findByText("you may not write workflows")).toBeTruthy();
});

test("a newcomer begins a workflow, or brings one along", async () => {
  const { user } = openHome(serve(EMPTY));
  await user.click(await screen.findByRole("button", { name: "New workflow" }));
  expect(await screen.findByRole("dialog", { name: /workflow/i })).toBeTruthy();
  await user.keyboard("{Escape}");
  await user.click(await screen.findByRole("button", { name: "Import" }));
  expect(await screen.findByRole("dialog", { name: "Import" })).toBeTruthy();
});

const listener = (health: string, more: Record<string, unknown> = {}) => ({ workflow: "inbox", node: "Mail", service: "imap", health, begunAt: 1, events: 0, failures: 0, ...more });

test("triggers that listen say how they are, the dead ones first and why", async () => {
  openHome(serve({
    "GET /api/v1/listeners": () => [listener("listening", { workflow: "broker", events: 3, heardAt: Date.now() }), listener("dead", { problem: { detail: "`mail.example` cannot be reached" } })],
  }));
  const panel = (await screen.findByText("Triggers that listen")).closest("section");
  if (panel === null) throw new Error("the title stands in a panel");
  const [first, second] = await within(panel).findAllByRole("listitem");
  expect(first?.textContent).toMatch(/inbox.*nothing heard yet.*Dead.*cannot be reached/);
  expect(second?.textContent).toMatch(/broker.*3 events, the last.*Listening/);
});

test("without such triggers nothing is said of them", async () => {
  openHome(serve());
  await screen.findByText("1,234");
  expect(screen.queryByText("Triggers that listen")).toBeNull();
});

test("contracts to decide about are told, the most urgent first, and those with time are not", async () => {
  const vendor = (title: string, state: string, noticeInDays: number): object => ({ name: title.toLowerCase(), title, category: "", owner: "Ada", connectors: [], hosts: [], gaps: [], renewal: { state, endsOn: "2027-12-31", endsInDays: 300, noticeBy: "2027-10-02", noticeInDays } });
  openHome(serve({ "GET /api/v1/vendor-register": () => ({ on: "2027-09-20", dueCount: 2, yearlyCosts: [], items: [vendor("Soon", "due", 12), vendor("Missed", "overdue", -3), vendor("Calm", "running", 90)] }) }));
  const links = await screen.findAllByRole("link", { name: /notice/ });
  expect(links.map((link) => link.getAttribute("href"))).toEqual(["/vendors/missed", "/vendors/soon"]);
  expect(within(links[1] as HTMLElement).getByText("notice by 2027-10-02, in 12 days")).toBeTruthy();
  expect(screen.queryByText("Calm")).toBeNull();
});
