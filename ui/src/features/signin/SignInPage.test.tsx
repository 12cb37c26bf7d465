// @vitest-environment jsdom
import { screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { session } from "@/app/session";
import { openPage, Refuses, type Answers } from "@/testing/page";

import { SignInPage } from "./SignInPage";

const open = (answers: Answers = {}, search = "?next=/runs") =>
  openPage({ path: "/sign-in", at: `/sign-in${search}`, page: SignInPage, inside: false, validateSearch: (search) => ({ next: "/", ...search }) }, { "GET /api/v1/sign-in": () => ({ providers: [], needsOwner: false }), ...answers });

afterEach(() => { session.expired(); });

test("who gives the right password comes back to where they wanted to go", async () => {
  const { user, sent, address } = open({ "POST /api/v1/sign-in/password": () => ({ csrf: "c1" }) });
  await user.type(await screen.findByLabelText("Email address"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "nine green bottles{Enter}");
  await waitFor(() => { expect(address()).toBe("/runs"); });
  expect(sent("POST /api/v1/sign-in/password")).toEqual([{ email: "ada@example.com", password: "nine green bottles" }]);
  expect(session.isPerson).toBe(true);
});

test("a wrong password is told, keeps what was typed, and leaves nobody signed in", async () => {
  const { user } = open({ "POST /api/v1/sign-in/password": () => new Refuses(401, "FP0013", "this address and password do not belong together") });
  await user.type(await screen.findByLabelText("Email address"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "wrong{Enter}");
  expect(await screen.findByText(/do not belong together/)).toBeTruthy();
  expect(screen.getByLabelText("Email address")).toHaveProperty("value", "ada@example.com");
  expect(session.signedIn).toBe(false);
});

test("what is missing is said before anybody is asked", async () => {
  const { user, asked } = open();
  await user.click(await screen.findByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("give your address and your password")).toBeTruthy();
  expect(asked.some(({ method }) => method === "POST")).toBe(false);
});

test("a token that opens nothing is forgotten again", async () => {
  const { user } = open({ "GET /api/v1/me": () => new Refuses(401, "FP0002", "the token is not known") });
  await user.click(await screen.findByRole("button", { name: "Use an access token" }));
  await user.type(screen.getByLabelText("Access token"), "fp_wrong{Enter}");
  expect(await screen.findByText(/the token is not known/)).toBeTruthy();
  expect(session.signedIn).toBe(false);
  expect(sessionStorage.length).toBe(0);
});

test("a provider that sent somebody back without letting them in says why", async () => {
  open({}, "?next=/&refused=nobody+here+knows+you");
  expect(await screen.findByText("nobody here knows you")).toBeTruthy();
});

test("a server that nobody owns says how to become the owner", async () => {
  open({ "GET /api/v1/sign-in": () => ({ providers: [{ name: "keycloak", title: "Keycloak" }], needsOwner: true }) });
  expect(await screen.findByText("fishplate owner-link")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Continue with Keycloak" })).toBeTruthy();
});
