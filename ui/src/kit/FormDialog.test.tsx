// @vitest-environment jsdom
import "@/testing/document";

import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import { afterEach, expect, test, vi } from "vitest";

import { Field, Input } from "./Field";
import { FormDialog } from "./FormDialog";
import { HasHelp } from "./States";

afterEach(cleanup);

function shown(more: { refused?: string; busy?: boolean; detail?: string } = {}) {
  const [onSend, onClose] = [vi.fn(), vi.fn()];
  render(
    <HasHelp value={false}>
      <Tooltip.Provider>
        <FormDialog title="New crate" act="Make it" busy={more.busy ?? false} refused={more.refused} problems={more.detail === undefined ? [] : [{ code: "FP0001", detail: more.detail, problems: [] }]} onSend={onSend} onClose={onClose}>
          <Field label="Name">{(ids) => <Input {...ids} autoFocus />}</Field>
        </FormDialog>
      </Tooltip.Provider>
    </HasHelp>,
  );
  return { user: userEvent.setup(), onSend, onClose, field: screen.getByRole("textbox", { name: "Name" }), act: screen.getByRole("button", { name: "Make it" }) };
}

test("the button sends it, and Enter in a field does the same", async () => {
  const { user, onSend, field, act } = shown();
  await user.click(act);
  await user.type(field, "apples{Enter}");
  expect(onSend).toHaveBeenCalledTimes(2);
});

test("what is refused or under way is not sent by Enter either", async () => {
  for (const more of [{ refused: "Give it a name first" }, { busy: true }]) {
    const { user, onSend, field, act } = shown(more);
    await user.type(field, "apples{Enter}");
    await user.click(act);
    expect(onSend).not.toHaveBeenCalled();
    cleanup();
  }
});

test("it is left by its button and by Escape", async () => {
  const { user, onClose } = shown();
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await user.keyboard("{Escape}");
  expect(onClose).toHaveBeenCalledTimes(2);
});

test("what no field says is told at once to those who hear the page", () => {
  shown({ detail: "there is no room for it" });
  expect(screen.getByRole("alert").textContent).toContain("there is no room for it");
});
