import "@xyflow/react/dist/style.css";
import "./editor.css";

import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";

import { here, hooksOf, scopeHeaders } from "@/api/scope";
import { session } from "@/app/session";
import { paths } from "@/paths";

import { calls, fetchTransport } from "./calls";
import { Editor } from "./Editor";
import { pathOf } from "./peek";

export function EditorPage() {
  const { name } = useParams({ strict: false });
  const { into, node } = useSearch({ strict: false });
  const navigate = useNavigate();
  const peeked = useMemo(() => pathOf(into), [into]);
  const made = useMemo(() => calls(fetchTransport("/api/v1", () => ({ ...scopeHeaders(), ...session.headers() }), session.expired)), []);
  if (name === undefined) return null;
  return <Editor key={name} name={name} calls={made} hooks={hooksOf(here)} peeked={peeked} startAt={node} onPeek={(path) => void navigate({ to: paths.editor, params: { name }, search: path.length === 0 ? {} : { into: path.join("/") } })} onGo={(to) => void (to === "runs" ? navigate({ to: paths.runs, search: { workflow: name } }) : navigate({ to: paths.workflow, params: { name } }))} onOpenWorkflow={(other) => void navigate({ to: paths.editor, params: { name: other } })} />;
}
