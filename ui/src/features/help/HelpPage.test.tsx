// @vitest-environment jsdom
import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { openPage } from "@/testing/page";

import { HelpPage } from "./HelpPage";

const open = (search = "") => openPage({ path: "/help", at: `/help${search}`, page: HelpPage, validateSearch: (search) => search }, {});
const links = async (name: string) => within(await screen.findByRole("navigation", { name })).getAllByRole("link");

test("without a wish the first guide is open", async () => {
  open();
  expect(await screen.findByRole("heading", { level: 2, name: "Your first workflow" })).toBeTruthy();
});

test("a code is found by itself and by words of it, and says what to do", async () => {
  const { user } = open();
  const search = await screen.findByRole("searchbox", { name: "Search the help" });
  await user.type(search, "fp0005");
  expect(await links("Problem codes")).toHaveLength(1);
  await user.click((await links("Problem codes"))[0] as HTMLElement);
  expect(await screen.findByRole("heading", { level: 3, name: "What to do" })).toBeTruthy();
  await user.clear(search);
  await user.type(search, "larger limit");
  expect((await links("Problem codes")).some(({ textContent }) => textContent.includes("FP0005"))).toBe(true);
});

test("what nothing is written about is told", async () => {
  open("?find=zebra+crossing");
  expect(await screen.findByText("Nothing has these words.")).toBeTruthy();
});

test("a link to a code of another release says so", async () => {
  open("?at=FP9999");
  expect(await screen.findByText("There is no guide or code FP9999")).toBeTruthy();
});
