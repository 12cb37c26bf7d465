// @vitest-environment jsdom
import { screen, waitFor, within } from "@testing-library/react";
import axe from "axe-core";
import { expect, test, vi } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { NewConnection } from "./NewConnection";

const oauth = { type: "oauth2", flow: "authorizationCode", clientId: "", authorizeUrl: "https://x.example/authorize", tokenUrl: "https://x.example/token", scopes: ["chat:write"], pkce: false };
const service = (name: string, title: string, more: object = {}) => ({
  name, title, summary: `What ${title} does.`, docs: "https://x.example", categories: ["chat"], keywords: [], operations: 3, triggers: 0, settings: { type: "object", properties: {} },
  accounts: [
    { id: "token", title: "Bot token", help: "Copy it from `Apps`.", spec: { title, connector: name, auth: { type: "bearer" }, settings: {}, hosts: ["x.example"] }, secrets: { token: "Bot token" }, fillIn: [], consent: false },
    { id: "oauth2", title: `${title} account`, help: "Make an app.", spec: { title, connector: name, auth: oauth, settings: {}, hosts: ["x.example"] }, secrets: { clientSecret: "Client secret" }, fillIn: ["/auth/clientId"], consent: true },
  ],
  ...more,
});
const desk = service("desk", "Desk", {
  categories: ["support"],
  settings: { type: "object", properties: { subdomain: { type: "string", title: "Subdomain" }, region: { title: "Region", type: "string", oneOf: [{ const: "eu", title: "Europe" }], default: "eu" } }, required: ["subdomain"] },
  accounts: [{ id: "basic", title: "API token", help: "There.", spec: { title: "Desk", connector: "desk", auth: { type: "basic", username: "" }, settings: { region: "eu" }, hosts: ["*.desk.example"] }, secrets: { password: "API token" }, fillIn: ["/auth/username", "/settings/subdomain"], consent: false }],
});
const KIND = { type: "object", properties: { title: { type: "string" }, auth: { oneOf: [{ type: "object", description: "A header of any name.", properties: { type: { const: "header" }, name: { type: "string" } }, required: ["type", "name"] }] }, hosts: { type: "array", items: { type: "string" } } }, required: ["auth", "hosts"] };

const made = vi.fn();
const closed = vi.fn();
function open(props: object = {}, answers: Answers = {}) {
  made.mockReset();
  closed.mockReset();
  return openPage({ path: "/", at: "/", page: () => <NewConnection onClose={closed} onMade={made} {...props} /> }, {
    "GET /api/v1/connectors": () => ({ items: [service("slack", "Slack"), desk, service("news", "News", { accounts: [] })] }),
    "GET /api/v1/kinds": () => ({ items: [{ name: "connection", schema: KIND }] }),
    "POST /api/v1/connections": () => ({ kind: "connection", name: "slack", revision: 1, spec: {} }),
    "PUT /api/v1/connections/slack/secrets/token": () => null,
    "PUT /api/v1/connections/slack/secrets/clientSecret": () => null,
    ...answers,
  });
}

test("a service is found and chosen by keyboard, and its account is made with its secret", async () => {
  const { user, sent } = open();
  const search = await screen.findByRole("combobox", { name: "Search services" });
  expect(document.activeElement).toBe(search);
  await screen.findByRole("option", { name: /Slack/ });
  expect(screen.getByText("Support")).toBeTruthy();
  await user.keyboard("what{ArrowDown}{ArrowDown}");
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("Slack");
  expect(search.getAttribute("aria-activedescendant")).toBe(screen.getByRole("option", { selected: true }).id);
  await user.keyboard("{Enter}");
  expect(await screen.findByRole("dialog", { name: "New connection: Slack" })).toBeTruthy();
  expect(screen.getByRole("radio", { name: /Bot token/ })).toHaveProperty("checked", true);
  expect(screen.queryByLabelText("Redirect address")).toBeNull();
  const secret = screen.getByLabelText("Bot token", { selector: "input[type=password]" });
  await user.type(secret, "xoxb-1");
  await user.click(screen.getByRole("button", { name: "Create" }));
  await waitFor(() => { expect(made).toHaveBeenCalledWith("slack"); });
  expect(closed).toHaveBeenCalled();
  expect(sent("POST /api/v1/connections")).toEqual([{ name: "slack", spec: { title: "Slack", connector: "slack", auth: { type: "bearer" }, settings: {}, hosts: ["x.example"] } }]);
  expect(sent("PUT /api/v1/connections/slack/secrets/token")).toEqual([{ value: "xoxb-1" }]);
});

test("a name that is taken is not offered", async () => {
  open({ service: "slack" }, { "GET /api/v1/connections": () => ({ items: [{ name: "slack", spec: {} }] }) });
  await waitFor(() => { expect(screen.getByLabelText("Name")).toHaveProperty("value", "slack-2"); });
});

test("before consent the redirect address and the scopes are told, and then the service's page opens", async () => {
  const replace = vi.fn();
  vi.spyOn(window, "open").mockReturnValue({ opener: window, location: { replace }, close: vi.fn() } as unknown as Window);
  const { user, sent } = open({ service: "slack" }, {
    "GET /api/v1/connections/slack/status": () => ({ name: "slack", state: "incomplete", needsConsent: true, scopes: ["chat:write"] }),
    "POST /api/v1/connections/slack/authorize": () => ({ location: "https://x.example/authorize?y", scopes: [], expiresAt: 1 }),
  });
  await user.click(await screen.findByRole("radio", { name: /Slack account/ }));
  expect(screen.getByLabelText("Redirect address")).toHaveProperty("value", `${window.location.origin}/oauth/callback`);
  expect(screen.getByText("chat:write")).toBeTruthy();
  await user.type(screen.getByLabelText("Client id"), "id-1");
  await user.type(screen.getByLabelText("Client secret"), "s");
  await user.click(screen.getByRole("button", { name: "Create and connect" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Connect slack" }));
  expect(replace).toHaveBeenCalledWith("https://x.example/authorize?y");
  expect((await dialog.findByRole("status")).textContent).toContain("Consent in the other window");
  expect(sent("POST /api/v1/connections")).toMatchObject([{ spec: { auth: { clientId: "id-1", scopes: ["chat:write"] } } }]);
  expect(made).not.toHaveBeenCalled();
  await user.click(dialog.getByRole("button", { name: "Done" }));
  expect(made).toHaveBeenCalledWith("slack");
});

test("what is missing is said at its field, and nothing is sent", async () => {
  const { user, asked } = open({ service: "desk" });
  await user.click(await screen.findByRole("button", { name: "Create" }));
  expect(screen.getByLabelText("Subdomain").getAttribute("aria-invalid")).toBe("true");
  expect(document.activeElement).toBe(screen.getByLabelText("Subdomain"));
  expect(screen.getByLabelText("User name").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByLabelText("API token").getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByRole("option", { name: "Europe" })).toBeTruthy();
  expect(asked.some(({ method }) => method === "POST")).toBe(false);
});

test("what the server refuses is said at its field", async () => {
  const { user } = open({ service: "desk" }, { "POST /api/v1/connections": () => new Refuses(422, "FP0101", "a label of a host is expected", undefined, "/spec/settings/subdomain") });
  await user.type(await screen.findByLabelText("Subdomain"), "acme");
  await user.type(screen.getByLabelText("User name"), "ada");
  await user.type(screen.getByLabelText("API token"), "t");
  await user.click(screen.getByRole("button", { name: "Create" }));
  expect((await screen.findByRole("alert")).textContent).toBe("a label of a host is expected");
  expect(screen.getByLabelText("Subdomain").getAttribute("aria-invalid")).toBe("true");
});

test("a secret that was refused is tried again without making the account twice", async () => {
  let refused = true;
  const { user, sent } = open({ service: "slack" }, {
    "PUT /api/v1/connections/slack/secrets/token": () => (refused ? new Refuses(413, "FP0005", "a secret has at most 65536 bytes") : null),
    "GET /api/v1/connections/slack": () => ({ kind: "connection", name: "slack", revision: 4, labels: {}, spec: {} }),
    "PUT /api/v1/connections/slack": () => ({ kind: "connection", name: "slack", revision: 4, spec: {} }),
  });
  const secret = await screen.findByLabelText("Bot token", { selector: "input[type=password]" });
  await user.type(secret, "x");
  await user.click(screen.getByRole("button", { name: "Create" }));
  expect(await screen.findByText("a secret has at most 65536 bytes")).toBeTruthy();
  expect(secret).toHaveProperty("value", "x");
  refused = false;
  await user.click(screen.getByRole("button", { name: "Create" }));
  await waitFor(() => { expect(made).toHaveBeenCalledWith("slack"); });
  expect(sent("POST /api/v1/connections").length).toBe(1);
  expect(sent("PUT /api/v1/connections/slack/secrets/token").length).toBe(2);
});

test("where no service is found, the ways that any service takes are offered", async () => {
  const { user, sent } = open();
  await screen.findByRole("option", { name: /Slack/ });
  await user.type(screen.getByRole("combobox", { name: "Search services" }), "pigeon");
  expect(screen.getByRole("status").textContent).toContain("HTTP request");
  await user.click(screen.getByRole("option", { name: /Header/ }));
  await user.type(await screen.findByRole("textbox", { name: "Name" , description: /Nodes refer/ }), "birds");
  await user.click(screen.getByRole("button", { name: "Create" }));
  await waitFor(() => { expect(made).toHaveBeenCalledWith("birds"); });
  expect(sent("POST /api/v1/connections")).toMatchObject([{ name: "birds", spec: { auth: { type: "header" } } }]);
});

test("one goes back to the services, and a service without accounts says so", async () => {
  const { user } = open();
  await user.click(await screen.findByRole("option", { name: /News/ }));
  expect(await screen.findByText(/asks for no account/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Back to services" }));
  expect(await screen.findByRole("combobox", { name: "Search services" })).toBeTruthy();
});

test("the list and the form can be read by those who do not see them", async () => {
  const faults = async () => (await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } })).violations.map(({ id }) => id);
  const { user } = open();
  await screen.findByRole("option", { name: /Slack/ });
  expect(await faults()).toEqual([]);
  await user.click(screen.getByRole("option", { name: /Slack/ }));
  await user.click(await screen.findByRole("radio", { name: /Slack account/ }));
  await user.click(screen.getByRole("button", { name: "Create and connect" }));
  expect(await faults()).toEqual([]);
});
