//! Our parameters as n8n writes them, for the node types that people copy daily.
//!
//! The exporter of the server knows all of them (`NodeType::lower`); this stands in for it on the clipboard until there
//! is an operation that answers for nodes that are not stored. Types that are not listed are written as they are.

import type { NodeSpec } from "./document";
import { isList, isObject, type Json, type JsonObject } from "./json";

export interface N8nType {
  readonly type: string;
  readonly version: number;
}

/** The version of n8n's node that parameters are written for. */
export const VERSIONS: Readonly<Record<string, number>> = {
  "n8n-nodes-base.set": 3.4,
  "n8n-nodes-base.if": 2.2,
  "n8n-nodes-base.filter": 2.2,
  "n8n-nodes-base.switch": 3.2,
  "n8n-nodes-base.code": 2,
  "n8n-nodes-base.httpRequest": 4.2,
  "n8n-nodes-base.webhook": 2,
  "n8n-nodes-base.respondToWebhook": 1.1,
  "n8n-nodes-base.merge": 3,
  "n8n-nodes-base.splitInBatches": 3,
  "n8n-nodes-base.scheduleTrigger": 1.2,
};

export function lower(node: NodeSpec): JsonObject {
  const params = node.params ?? {};
  switch (node.type) {
    case "core.set":
      return set(params);
    case "core.if":
    case "core.filter":
      return { conditions: conditions(params["conditions"]), options: {} };
    case "core.switch":
      return switched(params);
    case "core.code":
      return { ...(params["mode"] === undefined ? {} : { mode: params["mode"] }), jsCode: params["code"] ?? "" };
    case "core.note":
      return params;
    case "core.loop":
      return { ...(params["batchSize"] === undefined ? {} : { batchSize: params["batchSize"] }), options: {} };
    case "core.split-out":
      return { ...params, options: {} };
    case "core.stop":
      return { errorMessage: params["message"] ?? "" };
    case "http.request":
      return request(params);
    case "http.webhook":
      return webhook(params);
    case "http.respond":
      return respond(params);
    case "core.schedule":
      return schedule(params);
    default:
      return params;
  }
}

function conditions(value: Json | undefined): JsonObject {
  const whole = isObject(value) ? value : {};
  return {
    options: { caseSensitive: true, leftValue: "", typeValidation: "strict", version: 2, ...(isObject(whole["options"]) ? whole["options"] : {}) },
    combinator: whole["combinator"] ?? "and",
    conditions: isList(whole["conditions"]) ? whole["conditions"] : [],
  };
}

function set(params: JsonObject): JsonObject {
  const include = params["include"];
  const options: JsonObject = {
    ...(params["dotNotation"] === false ? { dotNotation: false } : {}),
    ...(params["ignoreConversionErrors"] === true ? { ignoreConversionErrors: true } : {}),
  };
  const others = include === undefined || include === "none" ? {} : { includeOtherFields: true, ...(include === "all" ? {} : { include }) };
  if (params["mode"] === "json") return { mode: "raw", jsonOutput: params["json"] ?? "{}", ...others, options };
  return { assignments: { assignments: isList(params["fields"]) ? params["fields"] : [] }, ...others, options };
}

function switched(params: JsonObject): JsonObject {
  if (params["mode"] === "expression") return { mode: "expression", numberOutputs: params["outputs"] ?? 4, output: params["output"] ?? 0 };
  const rules = (isList(params["rules"]) ? params["rules"] : []).map((rule) => {
    const whole = isObject(rule) ? rule : {};
    return { ...whole, conditions: conditions(whole["conditions"]) };
  });
  return { rules: { values: rules }, options: params["fallbackOutput"] === undefined ? {} : { fallbackOutput: params["fallbackOutput"] } };
}

function pairs(value: Json | undefined): Json | undefined {
  return isList(value) ? { parameters: value } : undefined;
}

function request(params: JsonObject): JsonObject {
  const query = pairs(params["query"]);
  const headers = pairs(params["headers"]);
  const body = isObject(params["body"]) ? params["body"] : { type: "none" };
  const sent: JsonObject =
    body["type"] === "json"
      ? { sendBody: true, specifyBody: "json", jsonBody: typeof body["value"] === "string" ? body["value"] : JSON.stringify(body["value"] ?? {}, null, 2) }
      : body["type"] === "raw"
        ? { sendBody: true, contentType: "raw", rawContentType: body["contentType"] ?? "", body: body["text"] ?? "" }
        : {};
  return {
    method: params["method"] ?? "GET",
    url: params["url"] ?? "",
    ...(query === undefined ? {} : { sendQuery: true, queryParameters: query }),
    ...(headers === undefined ? {} : { sendHeaders: true, headerParameters: headers }),
    ...sent,
    options: typeof params["timeout"] === "number" ? { timeout: params["timeout"] } : {},
  };
}

function webhook(params: JsonObject): JsonObject {
  const methods = isList(params["methods"]) ? params["methods"] : [];
  const respondWhen = isObject(params["respond"]) ? params["respond"]["when"] : undefined;
  const mode = respondWhen === "lastNode" ? { responseMode: "lastNode" } : respondWhen === "respondNode" ? { responseMode: "responseNode" } : {};
  return {
    httpMethod: methods.length === 1 ? (methods[0] ?? "GET") : methods,
    ...(methods.length > 1 ? { multipleMethods: true } : {}),
    path: params["path"] ?? "",
    ...mode,
    options: {},
  };
}

function respond(params: JsonObject): JsonObject {
  const names: Readonly<Record<string, string>> = { allItems: "allIncomingItems", firstItem: "firstIncomingItem", json: "json", text: "text", noData: "noData", redirect: "redirect", file: "binary", jwt: "jwt" };
  const status = params["status"];
  return {
    respondWith: names[String(params["with"] ?? "firstItem")] ?? "firstIncomingItem",
    ...(params["with"] === "json" ? { responseBody: typeof params["json"] === "string" ? params["json"] : JSON.stringify(params["json"] ?? {}, null, 2) } : {}),
    ...(params["with"] === "text" ? { responseBody: params["text"] ?? "" } : {}),
    ...(params["with"] === "redirect" ? { redirectURL: params["url"] ?? "" } : {}),
    options: status === undefined || status === null ? {} : { responseCode: status },
  };
}

function schedule(params: JsonObject): JsonObject {
  const interval = (isList(params["rules"]) ? params["rules"] : []).map((rule) => {
    const whole = isObject(rule) ? rule : {};
    if (whole["every"] === "cron") return { field: "cronExpression", expression: whole["expression"] ?? "" };
    const every = String(whole["every"]);
    const count = whole["count"] ?? 1;
    return {
      field: every,
      [`${every}Interval`]: count,
      ...(whole["hour"] === undefined ? {} : { triggerAtHour: whole["hour"] }),
      ...(whole["minute"] === undefined ? {} : { triggerAtMinute: whole["minute"] }),
      ...(whole["day"] === undefined ? {} : { triggerAtDayOfMonth: whole["day"] }),
    };
  });
  return { rule: { interval } };
}
