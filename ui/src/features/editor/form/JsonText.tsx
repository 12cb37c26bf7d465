//! A value as JSON text. What cannot be read as JSON yet is held here, whatever arrives from elsewhere meanwhile.

import { useState } from "react";

import type { RunData } from "../../../canvas/graph/completion";
import { same, type Json } from "../../../canvas/graph/json";
import { ExpressionInput } from "./ExpressionInput";

interface Props {
  readonly label: string;
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
  /** Why a value that is JSON cannot be taken. */
  readonly refuse?: (value: Json) => string | undefined;
  /** What is no JSON is kept as a text instead of being refused. */
  readonly orText?: boolean;
  readonly data?: RunData;
  readonly lines?: boolean;
  readonly placeholder?: string;
}

interface Local {
  readonly text: string;
  /** What was written to the document for this text; its fault, when nothing was. */
  readonly means: Json | undefined;
  readonly fault: string | undefined;
}

export function JsonText({ label, value, onChange, refuse, orText = false, data, lines = false, placeholder }: Props) {
  const [local, setLocal] = useState<Local>();
  const holds = local !== undefined && (local.fault !== undefined || same(local.means, value));
  const read = (text: string) => {
    const { means, fault } = readJson(text, refuse, orText);
    setLocal({ text, means, fault });
    if (fault === undefined && !same(means, value)) onChange(means);
  };
  return (
    <>
      <ExpressionInput label={label} language="json" lines={lines} value={holds ? local.text : written(value)} onChange={read} {...(data ? { data } : {})} {...(placeholder === undefined ? {} : { placeholder })} />
      {holds && local.fault !== undefined && <p role="alert" className="ed-fault">{local.fault}; the last text that was right counts</p>}
    </>
  );
}

function written(value: Json | undefined): string {
  return value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function readJson(text: string, refuse: Props["refuse"], orText: boolean): Omit<Local, "text"> {
  if (text.trim() === "") return { means: undefined, fault: undefined };
  try {
    const parsed = JSON.parse(text) as Json;
    // Beside texts, a bare number is a text as well: who writes `42` there has not asked for another type.
    if (orText && (typeof parsed !== "object" || parsed === null)) return { means: text, fault: undefined };
    return { means: parsed, fault: refuse?.(parsed) };
  } catch (error) {
    if (orText) return { means: text, fault: undefined };
    return { means: undefined, fault: error instanceof Error ? error.message : "this is no JSON" };
  }
}
