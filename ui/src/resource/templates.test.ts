import { expect, test } from "vitest";

import { faults } from "@/canvas/graph/document";

import { instantiate, TEMPLATES, templateOf } from "./templates";

test("every example of the repository is a template that can be drawn", () => {
  expect(TEMPLATES.length).toBeGreaterThan(5);
  TEMPLATES.forEach(({ main, about }) => {
    expect(about).not.toBe("");
    expect(faults(main.spec)).toEqual([]);
  });
});

test("a template gets the wanted name, also where it is called and where its webhook is", () => {
  const template = templateOf(`# Says hello.
kind: workflow
name: hello
labels: { example: "true", team: a }
spec: { title: Hello, nodes: [{ name: W, type: http.webhook, params: { path: hello } }] }
---
kind: workflow
name: caller
spec: { nodes: [{ name: Call, type: core.call, params: { workflow: hello, mode: each } }] }
`);
  expect(template).not.toBeNull();
  if (template === null) return;
  expect(template).toMatchObject({ title: "Hello", about: "Says hello." });
  const { main, more } = instantiate(template, "moin");
  expect(main).toMatchObject({ name: "moin", labels: { team: "a" }, spec: { nodes: [{ params: { path: "moin" } }] } });
  expect(main.labels).not.toHaveProperty("example");
  expect(more).toMatchObject([{ name: "caller", spec: { nodes: [{ params: { workflow: "moin" } }] } }]);
});

test("a file without a workflow is no template", () => {
  expect(templateOf("kind: variable\nname: a\nspec: { value: 1 }\n")).toBeNull();
});
