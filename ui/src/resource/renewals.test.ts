import { expect, test } from "vitest";

import { byUrgency, isDue, renewalText, renewalWord, type Renewal, type VendorEntry } from "./renewals";

const renewal = (state: Renewal["state"], more: Partial<Renewal> = {}): Renewal => ({ state, endsOn: "2027-12-31", noticeBy: "2027-10-02", noticeInDays: 12, endsInDays: 102, ...more });
const vendor = (title: string, of: Renewal): VendorEntry => ({ name: title.toLowerCase(), title, category: "", owner: "", connectors: [], hosts: [], gaps: [], renewal: of });

test("what is due says when, and what is not says until when", () => {
  expect(renewalText(renewal("due"))).toBe("notice by 2027-10-02, in 12 days");
  expect(renewalText(renewal("due", { noticeInDays: 0 }))).toBe("notice by 2027-10-02, today");
  expect(renewalText(renewal("overdue", { noticeInDays: -1, endsInDays: 1 }))).toBe("notice was due on 2027-10-02; the term ends tomorrow");
  expect(renewalText(renewal("over", { endsInDays: -4 }))).toBe("the term ended on 2027-12-31; write down what followed");
  expect(renewalText(renewal("running"))).toBe("to 2027-12-31, notice by 2027-10-02");
  expect(renewalText({ state: "open" })).toBe("no end is written down");
});

test("only what nobody has dealt with is due", () => {
  const states = ["open", "running", "due", "overdue", "over", "decided"] as const;
  expect(states.filter((state) => isDue(renewal(state)))).toEqual(["due", "overdue", "over"]);
  expect(renewalWord(renewal("decided", { decided: "end" })).word).toBe("Ends, decided");
});

test("the most urgent stands first, then the nearest", () => {
  const list = [vendor("Calm", renewal("running")), vendor("Open", { state: "open" }), vendor("Soon", renewal("due", { noticeInDays: 3 })), vendor("Later", renewal("due", { noticeInDays: 9 })), vendor("Missed", renewal("overdue", { noticeInDays: -1 }))];
  expect(list.sort(byUrgency).map(({ title }) => title)).toEqual(["Missed", "Soon", "Later", "Calm", "Open"]);
});
