//! What a node does, in one line under its name.

import type { NodeSpec } from "./graph/document";
import { isList, isObject, type Json } from "./graph/json";

/** The words of a card: what the person noted, else what the parameters say, else the type. */
export function briefOf(node: NodeSpec): string {
  if (node.notes !== undefined && node.notes !== "") return node.notes;
  const params = node.params ?? {};
  const text = (name: string) => (typeof params[name] === "string" ? params[name].replace(/^=/, "") : "");
  switch (node.type) {
    case "http.request":
      return text("url") === "" ? "no address yet" : `${text("method") || "GET"} ${text("url").replace(/^https?:\/\//, "")}`;
    case "http.webhook":
      return `${isList(params["methods"]) ? params["methods"].map(String).join(", ") : "POST"} /${text("path").replace(/^\//, "")}`;
    case "core.schedule": {
      const [rule] = isList(params["rules"]) ? params["rules"] : [];
      if (!isObject(rule)) return "no times yet";
      return rule["every"] === "cron" ? String(rule["expression"] ?? "") : `every ${String(rule["count"] ?? 1)} ${String(rule["every"] ?? "")}`;
    }
    case "core.call":
      return text("workflow") || "no workflow yet";
    case "core.merge":
      return text("mode") || "append";
    case "core.set": {
      const names = isList(params["fields"]) ? params["fields"].flatMap((field) => (isObject(field) && typeof field["name"] === "string" && field["name"] !== "" ? [field["name"]] : [])) : [];
      return names.length === 0 ? "fields" : names.join(", ");
    }
    case "core.if":
    case "core.filter":
      return conditionOf(params["conditions"]) ?? "no condition yet";
    case "core.code":
      return "JavaScript";
    default:
      return generalOf(params) ?? node.type;
  }
}

/** The first condition, as it is said. */
function conditionOf(value: Json | undefined): string | undefined {
  const all = isObject(value) && isList(value["conditions"]) ? value["conditions"].filter(isObject) : [];
  const [first] = all;
  if (!first) return undefined;
  const side = (name: string) => { const held = first[name]; return held === undefined || held === null || typeof held === "object" ? "" : String(held).replace(/^=?\{\{\s*(?:\$json\.)?|\s*\}\}$/g, "").replace(/^=/, ""); };
  const operation = isObject(first["operator"]) && typeof first["operator"]["operation"] === "string" ? first["operator"]["operation"].replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase() : "";
  const said = [side("leftValue"), operation, side("rightValue")].filter((part) => part !== "").join(" ");
  return side("leftValue") === "" ? undefined : all.length > 1 ? `${said}, and ${all.length - 1} more` : said;
}

/** What a node is about, in the order in which parameters tell it best. */
const ABOUT = ["table", "tableName", "queue", "exchange", "topic", "topics", "channel", "channels", "subject", "to", "mailbox", "key", "list", "path", "fileName", "fileSelector", "bucketName", "repositoryPath", "dn", "url", "endpoint", "command", "workflow", "binaryPropertyName"];

/** Any other node: its operation, and what that works on. */
function generalOf(params: NonNullable<NodeSpec["params"]>): string | undefined {
  const said = (name: string) => { const value = params[name]; return typeof value === "string" && value.trim() !== "" ? value.replace(/^=/, "").split("\n")[0] : undefined; };
  const operation = said("operation") ?? said("mode") ?? said("action");
  const words = operation?.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  const about = ABOUT.map(said).find((text) => text !== undefined);
  return words === undefined && about === undefined ? undefined : [words, about].filter(Boolean).join(" · ");
}

/** A time as one reads it at a glance. */
export function timeOf(micros: number): string {
  if (micros < 1_000) return "<1 ms";
  if (micros < 1_000_000) return `${Math.round(micros / 1_000)} ms`;
  const seconds = micros / 1_000_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
