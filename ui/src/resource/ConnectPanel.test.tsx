// @vitest-environment jsdom
import { screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { openPage, Refuses, type Answers } from "@/testing/page";

import { ConnectPanel } from "./ConnectPanel";

const status = (more: object = {}) => ({ name: "crm", state: "incomplete", needsConsent: true, scopes: ["orders", "offline"], redirectUri: "https://us.example/oauth/callback", ...more });
const CONNECTED = { state: "good", connectedAt: 1_700_000_000_000, connectedBy: "user:ada@example.com", granted: ["orders"], expiresAt: Date.now() + 3_600_000 };
const at = "/api/v1/connections/crm";

function open(answers: Answers, auth: object = {}) {
  return openPage({ path: "/", at: "/", page: () => <ConnectPanel name="crm" auth={{ type: "oauth2", ...auth }} /> }, { [`GET ${at}/status`]: () => status(), ...answers });
}

/** A window that the browser opens, or none. */
function opens(other: object | null) {
  return vi.spyOn(window, "open").mockReturnValue(other as Window | null);
}

test("what is asked for is told before anybody consents, and where services send people back to", async () => {
  open({});
  expect(await screen.findByText("orders")).toBeTruthy();
  expect(screen.getByText("offline")).toBeTruthy();
  expect(screen.getByText("https://us.example/oauth/callback")).toBeTruthy();
  expect(screen.getByText("Incomplete")).toBeTruthy();
});

test("connecting opens the service's page by keyboard, and ends when somebody has consented there", async () => {
  const replace = vi.fn();
  const popup = { opener: window, location: { replace }, close: vi.fn() };
  const opened = opens(popup);
  let now = status();
  const { user, sent, news } = open({ [`GET ${at}/status`]: () => now, [`POST ${at}/authorize`]: () => ({ location: "https://id.example/authorize?x", scopes: [], expiresAt: 1 }) });
  (await screen.findByRole("button", { name: "Connect" })).focus();
  await user.keyboard("{Enter}");
  await waitFor(() => { expect(replace).toHaveBeenCalledWith("https://id.example/authorize?x"); });
  expect(opened).toHaveBeenCalledTimes(1);
  expect(popup.opener).toBeNull();
  expect(sent(`POST ${at}/authorize`).length).toBe(1);
  expect(screen.getByRole("status").textContent).toContain("Consent in the other window");
  now = status(CONNECTED);
  await news("connection");
  expect(await screen.findByRole("button", { name: "Reconnect" })).toBeTruthy();
  expect(screen.getByText("by user:ada@example.com", { exact: false })).toBeTruthy();
  expect(screen.getByText("Not given").nextSibling?.textContent).toBe("offline");
});

test("where no window can be opened, a link leads to the service", async () => {
  opens(null);
  const { user } = open({ [`POST ${at}/authorize`]: () => ({ location: "https://id.example/authorize", scopes: [], expiresAt: 1 }) });
  await user.click(await screen.findByRole("button", { name: "Connect" }));
  const link = await screen.findByRole("link", { name: "Open it again" });
  expect(link.getAttribute("href")).toBe("https://id.example/authorize");
  await user.click(screen.getByRole("button", { name: "Wait no more" }));
  expect(await screen.findByRole("button", { name: "Connect" })).toBeTruthy();
});

test("a consent that cannot be begun says why, and leaves no empty window", async () => {
  const close = vi.fn();
  opens({ opener: null, location: { replace: vi.fn() }, close });
  const { user } = open({ [`POST ${at}/authorize`]: () => new Refuses(403, "FP0512", "services send people back to another address") });
  await user.click(await screen.findByRole("button", { name: "Connect" }));
  expect(await screen.findByText("services send people back to another address")).toBeTruthy();
  expect(close).toHaveBeenCalled();
});

test("a dead account says since when and why, and is connected again", async () => {
  const { user } = open({
    [`GET ${at}/status`]: () => status({ ...CONNECTED, state: "dead", deadSince: 1_700_000_000_000, reason: "invalid_grant: revoked" }),
    [`POST ${at}/reconnect-link`]: () => ({ url: "https://us.example/oauth/reconnect?link=abc", expiresAt: 1_800_000_000_000, owner: "user:ada@example.com" }),
  });
  expect(await screen.findByText("Not taken any more")).toBeTruthy();
  expect(screen.getByText("invalid_grant: revoked")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Reconnect" })).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Link for the owner…" }));
  expect(await screen.findByDisplayValue("https://us.example/oauth/reconnect?link=abc")).toBeTruthy();
});

test("a device's code is shown with its address until somebody has typed it in", async () => {
  let connected = false;
  const { user, sent } = open(
    {
      [`POST ${at}/device`]: () => ({ handle: "h", userCode: "ABCD-EFGH", verificationUri: "https://id.example/device", scopes: [], interval: 0.01, expiresAt: Date.now() + 600_000 }),
      [`POST ${at}/device/poll`]: () => ({ connected, slower: false }),
    },
    { flow: "deviceCode" },
  );
  await user.click(await screen.findByRole("button", { name: "Connect" }));
  expect((await screen.findByLabelText("Code")).textContent).toBe("ABCD-EFGH");
  expect(screen.getByRole("link", { name: "https://id.example/device" })).toBeTruthy();
  await waitFor(() => { expect(sent(`POST ${at}/device/poll`).length).toBeGreaterThan(1); });
  expect(sent(`POST ${at}/device/poll`)[0]).toEqual({ handle: "h" });
  connected = true;
  expect(await screen.findByText("crm is connected")).toBeTruthy();
  expect(screen.queryByLabelText("Code")).toBeNull();
});

test("an account that needs nobody's consent is tried, and what is in the way is told", async () => {
  const { user } = open({ [`GET ${at}/status`]: () => status({ needsConsent: false, scopes: [] }), [`POST ${at}/test`]: () => new Refuses(409, "FP0511", "the service says invalid_client") }, { flow: "clientCredentials" });
  await user.click(await screen.findByRole("button", { name: "Connect" }));
  expect(await screen.findByText("the service says invalid_client")).toBeTruthy();
});

test("trying says what it has shown, and what not", async () => {
  let lastRefresh = 1;
  const { user } = open({ [`GET ${at}/status`]: () => status({ ...CONNECTED, lastRefresh }), [`POST ${at}/test`]: () => ({ status: status({ ...CONNECTED, lastRefresh }) }) });
  const button = await screen.findByRole("button", { name: "Try it" });
  await user.click(button);
  expect(await screen.findByText(/only a call can show/)).toBeTruthy();
  lastRefresh = 2;
  await user.click(screen.getByRole("button", { name: "Try it" }));
  expect(await screen.findByText("It works: there is a new token")).toBeTruthy();
});

test("an account with a key that the service has refused is tried again by hand", async () => {
  let now = status({ state: "dead", needsConsent: false, scopes: [], reason: "token_revoked" });
  const { user, sent } = open({ [`GET ${at}/status`]: () => now, [`POST ${at}/test`]: () => ({ status: (now = status({ state: "good", needsConsent: false, scopes: [] })) }) }, { type: "bearer" });
  await user.click(await screen.findByRole("button", { name: "Try it again" }));
  expect(await screen.findByText("Good")).toBeTruthy();
  expect(sent(`POST ${at}/test`)).toEqual([{}]);
  expect(screen.queryByRole("button", { name: "Try it again" })).toBeNull();
});

test("disconnecting says whether the service knows", async () => {
  const { user } = open({ [`GET ${at}/status`]: () => status(CONNECTED), [`POST ${at}/disconnect`]: () => ({ told: false }) });
  await user.click(await screen.findByRole("button", { name: "Disconnect" }));
  expect(await screen.findByText(/The service was not told/)).toBeTruthy();
});
