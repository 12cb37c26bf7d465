//! The door to the code editor, which is heavy and loaded when the first field needs it.

import { lazy, Suspense } from "react";

import type { RunData } from "../../../canvas/graph/completion";

import type { Fault } from "./tried";

/** What a field of an item carries while it is dragged: the expression that reads it. */
export const PATH_MIME = "application/x-fishplate-path";

export interface Mark {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface CodeProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly label: string;
  /** `template`: script inside `{{ }}`; `script`: all of it is script. */
  readonly language: "template" | "script" | "yaml" | "json" | "sql" | "html" | "css" | "shell" | "graphql";
  readonly data?: RunData;
  readonly lines?: boolean;
  readonly marks?: readonly Mark[];
  /** What is wrong with a template, in places of the expression: the `=` in front, which is not shown, counts. */
  readonly faults?: readonly Fault[];
  readonly placeholder?: string;
}

const CodeInput = lazy(() => import("./CodeInput").then((loaded) => ({ default: loaded.CodeInput })));

export function ExpressionInput(props: CodeProps) {
  return (
    <Suspense fallback={<div className="ed-code" data-lines={props.lines ?? false} aria-busy />}>
      <CodeInput {...props} />
    </Suspense>
  );
}
