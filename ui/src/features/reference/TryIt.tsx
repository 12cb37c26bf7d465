import { useMutation } from "@tanstack/react-query";
import { Copy, Send } from "lucide-react";
import { useState } from "react";

import { send } from "@/api/client";
import { Refusal } from "@/api/problem";
import { here } from "@/api/scope";
import { Button } from "@/kit/Button";
import { Field, Input, TextArea } from "@/kit/Field";
import { JsonTree } from "@/kit/JsonTree";
import { Code } from "@/kit/Prose";
import { Failure } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { bytes, duration } from "@/kit/times";
import { toasts } from "@/kit/toasts";

import { addressOf, curlOf, sample, type Document, type Operation } from "./spec";

/** Most that is read of an answer: streams never end, and a backup is no reading matter. */
const MOST = 256 * 1024;

interface Heard {
  status: number;
  headers: [string, string][];
  text: string;
  cut: boolean;
  micros: number;
}

/** A call made from the page, with the rights of who is signed in. */
export function TryIt({ document, operation }: { document: Document; operation: Operation }) {
  const [values, setValues] = useState<Record<string, string>>({ "query:workspace": here.workspace, "query:environment": here.environment });
  const [body, setBody] = useState(() => JSON.stringify(sample(document, operation.body?.schema), null, 2));
  const missing = operation.parameters.filter((parameter) => parameter.in === "path" && (values[`path:${parameter.name}`] ?? "").trim() === "");
  const call = useMutation({ mutationFn: () => ask(operation, values, body) });
  const curl = curlOf(operation, location.origin, values, body);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (missing.length === 0 && !call.isPending) call.mutate();
      }}
    >
      {operation.parameters.length > 0 ? (
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          {operation.parameters.map((parameter) => (
            <Field key={parameter.in + parameter.name} label={parameter.name} hint={parameter.description}>
              {(ids) => (
                <Input
                  {...ids}
                  value={values[`${parameter.in}:${parameter.name}`] ?? ""}
                  onChange={(event) => { setValues({ ...values, [`${parameter.in}:${parameter.name}`]: event.target.value }); }}
                />
              )}
            </Field>
          ))}
        </div>
      ) : null}
      {operation.body === undefined ? null : (
        <Field label="Body" hint={operation.body.type}>
          {(ids) => <TextArea {...ids} rows={8} spellCheck={false} className="font-mono text-small" value={body} onChange={(event) => { setBody(event.target.value); }} />}
        </Field>
      )}
      <Code label="The call as a command" text={curl} />
      <div className="flex flex-wrap items-center gap-2">
        <Button
          type="submit"
          look={operation.method === "GET" ? "primary" : "danger"}
          icon={<Send size={14} />}
          busy={call.isPending}
          refused={missing.length > 0 ? `Fill in ${missing.map(({ name }) => name).join(" and ")} first` : undefined}
        >
          Send
        </Button>
        <Button icon={<Copy size={14} />} look="quiet" onClick={() => void navigator.clipboard.writeText(curl).then(() => { toasts.done("The command is copied"); })}>
          Copy command
        </Button>
        {operation.method === "GET" ? null : <span className="text-small text-ink-soft">This acts on the real server, with your rights.</span>}
      </div>
      {call.isError ? <Failure error={call.error} /> : call.data === undefined ? null : <Answer heard={call.data} />}
    </form>
  );
}

async function ask(operation: Operation, values: Record<string, string>, body: string): Promise<Heard> {
  const headers = new Headers();
  operation.parameters.forEach(({ in: place, name }) => {
    const value = values[`header:${name}`];
    if (place === "header" && value !== undefined && value !== "") headers.set(name, value);
  });
  if (operation.body !== undefined) headers.set("content-type", operation.body.type);
  const began = performance.now();
  const stop = new AbortController();
  const request = new Request(new URL(addressOf(operation, values), location.origin), {
    method: operation.method,
    headers,
    signal: stop.signal,
    ...(operation.body === undefined ? {} : { body }),
  });
  try {
    const answer = await send(request);
    const micros = (performance.now() - began) * 1000;
    return { status: answer.status, headers: [...answer.headers], ...(await begin(answer, stop)), micros };
  } catch (error) {
    // Here a refusal is an answer like any other.
    if (!(error instanceof Refusal) || error.problem.status === undefined) throw error;
    return { status: error.problem.status, headers: [], text: JSON.stringify(error.problem), cut: false, micros: (performance.now() - began) * 1000 };
  }
}

/** Reads the beginning of a body. Of a stream, what comes first; the rest is not waited for. */
async function begin(answer: Response, stop: AbortController): Promise<{ text: string; cut: boolean }> {
  const endless = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
    text += piece.value;
    if (endless || text.length > MOST) {
      stop.abort();
      return { text: text.slice(0, MOST), cut: true };
    }
  }
  return { text, cut: false };
}

function Answer({ heard }: { heard: Heard }) {
  const tone = heard.status < 300 ? "good" : heard.status < 400 ? "neutral" : "bad";
  return (
    <section aria-label="Answer" className="flex flex-col gap-3 rounded-base border p-3">
      <p role="status" className="flex flex-wrap items-center gap-2 text-ink-soft">
        <Badge tone={tone}>{heard.status}</Badge> {duration(heard.micros)} · {bytes(heard.text.length)}
        {heard.cut ? " · only the beginning" : ""}
      </p>
      {heard.headers.length > 0 ? (
        <details>
          <summary className="cursor-pointer text-small text-ink-soft">Headers</summary>
          <div className="mt-2"><Code label="Headers" text={heard.headers.map(([name, value]) => `${name}: ${value}`).join("\n")} /></div>
        </details>
      ) : null}
      {heard.text === "" ? <p className="text-ink-faint">No body.</p> : <Body text={heard.text} />}
    </section>
  );
}

function Body({ text }: { text: string }) {
  const value = parsed(text);
  return value === undefined ? <Code label="Body" text={text} /> : <div className="max-h-96 overflow-auto" role="region" aria-label="Body" tabIndex={0}><JsonTree value={value} /></div>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
