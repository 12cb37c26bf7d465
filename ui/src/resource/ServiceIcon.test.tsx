// @vitest-environment jsdom
import { cleanup, fireEvent, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { ServiceIcon } from "./ServiceIcon";

afterEach(cleanup);

const shown = (connector: string | undefined, title: string) => render(<ServiceIcon connector={connector} title={title} />).container;

test("a picture is loaded as one, of a fixed size, and has nothing to say to those who hear the page", () => {
  const of = shown("google-sheets", "Google Sheets");
  const picture = of.querySelector("img");
  expect(picture?.getAttribute("src")).toBe("/api/v1/connectors/google-sheets/icon");
  expect([picture?.width, picture?.height, picture?.alt]).toEqual([18, 18, ""]);
  expect(of.firstElementChild?.getAttribute("aria-hidden")).toBe("true");
});

test("a name cannot lead elsewhere", () => {
  expect(shown("../me?x=", "Odd").querySelector("img")?.getAttribute("src")).toBe("/api/v1/connectors/..%2Fme%3Fx%3D/icon");
});

test("a missing picture becomes a letter, and is not asked for again", () => {
  const of = shown("cellar", "wine cellar");
  const picture = of.querySelector("img");
  if (picture === null) throw new Error("no picture is asked for");
  fireEvent.error(picture);
  expect([of.textContent, of.querySelector("img")]).toEqual(["w", null]);
  expect(shown("cellar", "Cellar").querySelector("img")).toBeNull();
});

test("what belongs to no connector has a sign of its own", () => {
  const of = shown(undefined, "crm");
  expect([of.querySelector("img"), of.querySelector("svg") === null]).toEqual([null, false]);
});
