import { expect, test } from "vitest";

import { laterFor, laterForType, placeholderOf, titleOf } from "./later";

test("a search for what is not here says what it will come as", () => {
  expect(laterFor("gmail")).toMatchObject({ name: "Gmail", meanwhile: ["mail.send", "mail.trigger", "http.request"] });
  expect(laterFor("Google Sheets")).toMatchObject({ meanwhile: ["data.table", "http.request"] });
  expect(laterFor("ai agent")?.comes).toMatch(/AI area/);
  expect(["", "if", "cron", "http", "merge", "air", "filter"].map(laterFor)).toEqual(Array.from({ length: 7 }));
});

test("placeholders tell what they stand for", () => {
  expect([placeholderOf("n8n.n8n-nodes-base.slack"), placeholderOf("core.set")]).toEqual(["n8n-nodes-base.slack", undefined]);
  expect(["n8n-nodes-base.googleSheets", "@n8n/n8n-nodes-langchain.lmChatOpenAi", "n8n-nodes-base.gmailTool", "n8n-nodes-base.telegramTrigger", "@n8n/n8n-nodes-langchain.outputParserStructured", "@n8n/n8n-nodes-langchain.chainLlm", "@n8n/n8n-nodes-langchain.toolHttpRequest"].map(titleOf)).toEqual(["Google Sheets", "OpenAI Chat Model", "Gmail Tool", "Telegram Trigger", "Structured Output Parser", "LLM Chain", "HTTP Request Tool"]);
});

test("each placeholder is told from the others by what becomes of it", () => {
  expect(laterForType("@n8n/n8n-nodes-langchain.agent").comes).toMatch(/AI area/);
  expect(laterForType("n8n-nodes-base.gmail").meanwhile).toContain("mail.send");
  expect(laterForType("n8n-nodes-base.telegramTrigger").meanwhile).toEqual(["http.webhook", "core.schedule"]);
  expect(laterForType("n8n-nodes-postiz.postiz").comes).toMatch(/community/);
});
