//! The page of a form as visitors see it, for the preview: the same elements and the same rules of style.

import type { Json, JsonObject } from "../../../canvas/graph/json";
import { isList, isObject } from "../../../canvas/graph/json";
import { fieldsOfForm, kindOfField } from "./formFields";

const escape = (text: string) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[sign] ?? sign);
/** What an expression will say is not known before it runs. */
const words = (value: Json | undefined) => (value === undefined || value === null ? "" : typeof value === "string" ? (value.startsWith("=") ? value.slice(1).replace(/\{\{.*?\}\}/gs, "…") : value) : String(value));

/** The document of a page, to be shown in a frame without scripts. */
export function formPage(form: Json | undefined, style: string): string {
  const whole: JsonObject = isObject(form) ? form : {};
  const title = words(whole["title"]);
  const description = words(whole["description"]);
  const fields = fieldsOfForm(whole).map(fieldMarkup).join("");
  const css = words(whole["css"]).replaceAll("<", "");
  const by = whole["attribution"] === true ? "<p class=by>Form automated with Fishplate</p>" : "";
  return `<!doctype html><html lang=en><head><meta charset=utf-8><title>${escape(title || "Form")}</title><base target=_blank><style>${style}</style><style>${css}</style></head><body><main>${title === "" ? "" : `<h1>${escape(title)}</h1>`}${description === "" ? "" : `<div class=text>${description}</div>`}<form>${fields}<button type=button>${escape(words(whole["button"]) || "Submit")}</button></form>${by}</main></body></html>`;
}

/** The page after the last one, as an ending says. */
export function endPage(end: Json | undefined, style: string): string {
  const whole: JsonObject = isObject(end) ? end : {};
  if (whole["with"] === "markup") return words(whole["markup"]);
  const [title, said] = whole["with"] === "redirect" ? ["You are led on", `To ${escape(words(whole["url"]))}`] : [words(whole["title"]), words(whole["message"])];
  const files = whole["with"] === "file" ? `<ul>${words(whole["files"] ?? "data").split(",").map((name) => `<li><a>${escape(name.trim())}</a></li>`).join("")}</ul>` : "";
  return `<!doctype html><html lang=en><head><meta charset=utf-8><title>End</title><base target=_blank><style>${style}</style><style>${words(whole["css"]).replaceAll("<", "")}</style></head><body><main>${title === "" ? "" : `<h1>${escape(title)}</h1>`}<div class=text>${said}</div>${files}</main></body></html>`;
}

const INPUTS: Readonly<Record<string, string>> = { number: "number", email: "email", password: "password", date: "date", file: "file" };

function fieldMarkup(field: JsonObject, index: number): string {
  const { type } = kindOfField(field);
  if (type === "hiddenField") return "";
  if (type === "html") return `<div class=field>${words(field["html"])}</div>`;
  const name = `field-${index}`;
  const label = `${escape(words(field["label"]) || words(field["name"]))}${field["required"] === true ? " <span class=need>(required)</span>" : ""}`;
  const value = words(field["value"]);
  const options = isList(field["options"]) ? field["options"].map(words).filter((option) => option !== "") : [];
  const chosen = new Set(value.split(",").map((one) => one.trim()));
  const least = field["least"];
  const most = field["most"];
  const choose = typeof least === "number" && typeof most === "number" ? (least === most ? `Choose ${least}.` : `Choose ${least} to ${most}.`) : typeof least === "number" ? `Choose at least ${least}.` : typeof most === "number" ? `Choose at most ${most}.` : "";
  const hint = type === "file" && words(field["accept"]) !== "" ? `Accepted: ${words(field["accept"])}.` : type === "checkbox" ? choose : "";
  const note = hint === "" ? "" : `<p class=hint>${escape(hint)}</p>`;
  if (type === "radio" || type === "checkbox") {
    const rows = options.map((option) => `<label class=choice><input type=${type} name=${name}${chosen.has(option) ? " checked" : ""}> <span>${escape(option)}</span></label>`).join("");
    return `<fieldset class=field><legend>${label}</legend>${note}${rows}</fieldset>`;
  }
  const begin = `<div class=field><label for=${name}>${label}</label>${note}`;
  const placeholder = words(field["placeholder"]) === "" ? "" : ` placeholder="${escape(words(field["placeholder"]))}"`;
  if (type === "textarea") return `${begin}<textarea id=${name} rows=4${placeholder}>${escape(value)}</textarea></div>`;
  if (type === "dropdown") {
    const multiple = field["multiple"] === true;
    return `${begin}<select id=${name}${multiple ? " multiple" : ""}>${multiple ? "" : "<option>Select an option …</option>"}${options.map((option) => `<option${chosen.has(option) ? " selected" : ""}>${escape(option)}</option>`).join("")}</select></div>`;
  }
  const several = type === "file" && field["multiple"] === true ? " multiple" : "";
  return `${begin}<input id=${name} type=${INPUTS[type] ?? "text"} value="${type === "file" || type === "password" ? "" : escape(value)}"${several}${placeholder}></div>`;
}
