import { expect, test } from "vitest";

import { fieldsOfForm, formFault, moved, newField, retyped } from "./formFields";
import { formPage } from "./formPage";

test("fields move within their list and never out of it", () => {
  expect([moved(["a", "b", "c"], 0, 2), moved(["a", "b", "c"], 2, 0), moved(["a", "b", "c"], 1, 9), moved(["a"], 5, 0)]).toEqual([["b", "c", "a"], ["c", "a", "b"], ["a", "c", "b"], ["a"]]);
});

test("new fields have labels of their own, and choices where they need some", () => {
  const first = newField("text", []);
  expect([first, newField("text", [first]), newField("radio", [])]).toEqual([{ label: "Text" }, { label: "Text 2" }, { label: "One of several", type: "radio", options: ["First", "Second"] }]);
});

test("a field that becomes another kind keeps what that kind asks for", () => {
  const field = { label: "Size", required: true, placeholder: "S", options: ["S", "M"], type: "dropdown", multiple: true };
  expect(retyped(field, "radio")).toEqual({ label: "Size", required: true, options: ["S", "M"], type: "radio" });
  expect(retyped({ label: "Size", placeholder: "S" }, "dropdown")).toEqual({ label: "Size", type: "dropdown", options: ["First", "Second"] });
  expect(retyped({ label: "Days", type: "checkbox", least: 1, most: 2, options: ["Mo"] }, "text")).toEqual({ label: "Days", type: "text" });
});

test("fields whose values would be lost are told", () => {
  const fields = [{ label: "Name" }, { label: "Name" }, { label: "" }, { label: "Size", type: "radio", options: [] }, { label: "", type: "html" }, { label: "Other", name: "Name" }];
  expect(fields.map((_, index) => formFault(fields, index)?.split(":")[0])).toEqual([undefined, "field 1 has the same name", "it needs a label", "there is nothing to choose from", undefined, "field 1 has the same name"]);
});

test("a form that is no object has no fields", () => {
  expect([fieldsOfForm("={{ 1 }}"), fieldsOfForm(undefined), fieldsOfForm({ fields: [1] })]).toEqual([[], [], [{}]]);
});

test("the preview shows texts as they are, expressions as gaps, and lets nothing break out of them", () => {
  const page = formPage({ title: "=Hello {{ $json.name }}!", fields: [{ label: "<b>\"Name\"</b>", required: true }, { label: "Secret", type: "hiddenField", value: "x" }, { label: "Size", type: "radio", options: ["S", "\"><script>"], value: "S" }], css: "a{}</style><script>" }, "");
  expect(page).toContain("<h1>Hello …!</h1>");
  expect(page).toContain("&lt;b&gt;&quot;Name&quot;&lt;/b&gt; <span class=need>(required)</span>");
  expect(page).toContain("name=field-2 checked> <span>S</span>");
  expect(page).not.toMatch(/<script|Secret/);
});
