import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FlaskConical, RotateCcw } from "lucide-react";
import { Fragment } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { CodeBlock } from "@/kit/CodeBlock";
import { Drawer } from "@/kit/Drawer";
import { JsonTree } from "@/kit/JsonTree";
import { Loaded } from "@/kit/Loaded";
import { Line } from "@/kit/Prose";
import { ProblemCode } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { bytes } from "@/kit/times";

import { shownBody, WORDS } from "@/resource/arrivalFilter";
import { useAgain } from "./useAgain";

const NO_BODY = "Its body was not kept";

/** A webhook that came, in full, and the way to let it happen again. */
export function ArrivalDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const detail = useQuery({ queryKey: ["arrival", id], queryFn: () => data(api.GET("/api/v1/arrivals/{arrival}", { params: { path: { arrival: id } } })) });
  const again = useAgain(id);
  const arrival = detail.data?.arrival;
  const refused = arrival === undefined ? "It is not there yet" : arrival.hasBody ? undefined : NO_BODY;
  return (
    <Drawer
      title={arrival === undefined ? "Webhook" : `${arrival.method} ${arrival.target}`}
      {...(arrival === undefined ? {} : { description: arrival.endpoint == null ? <>to <Link to="/workflows/$name" params={{ name: arrival.workflow }} className="text-accent underline">{arrival.workflow}</Link>, node {arrival.node}</> : <>to endpoint {arrival.endpoint}</> })}
      onClose={onClose}
      footer={
        <>
          <Button icon={<FlaskConical size={14} />} busy={again.isPending && again.variables} refused={refused} onClick={() => { again.mutate(true); }}>Again in the draft</Button>
          <Button look="primary" icon={<RotateCcw size={14} />} busy={again.isPending && !again.variables} refused={refused} onClick={() => { again.mutate(false); }}>Let it happen again</Button>
        </>
      }
    >
      <Loaded of={detail}>
        {({ arrival: { runs = [], ...known }, headers, body, bodyBase64 }) => (
          <div className="flex flex-col gap-6">
            {again.data === undefined ? null : <p role="status" className="rounded-base bg-good-soft px-3 py-2">It became <RunLink run={again.data.run} />.</p>}
            <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
              <dt className="text-ink-soft">Verdict</dt>
              <dd><Badge tone={WORDS[known.verdict].tone}>{WORDS[known.verdict].word}</Badge> <span className="text-ink-soft">{WORDS[known.verdict].about}</span></dd>
              {known.reason == null ? null : (<><dt className="text-ink-soft">Why</dt><dd className="break-words"><Line text={known.reason} />{known.code == null ? null : <> (<ProblemCode code={known.code} />)</>}</dd></>)}
              {runs.map(({ workflow, run }) => (<Fragment key={run}><dt className="text-ink-soft">{workflow}</dt><dd><RunLink run={run} /></dd></Fragment>))}
              {known.run == null || runs.length > 0 ? null : (<><dt className="text-ink-soft">Run</dt><dd><RunLink run={known.run} /></dd></>)}
              <dt className="text-ink-soft">Came</dt>
              <dd><Time at={known.at} /> from <span className="font-mono text-small">{known.sender}</span></dd>
              <dt className="text-ink-soft">Id</dt>
              <dd className="font-mono text-small break-all">{known.id}</dd>
            </dl>
            <section className="flex flex-col gap-2">
              <h3 className="font-semibold">Body</h3>
              {body != null ? <Body body={body} /> : bodyBase64 != null ? <><p className="text-ink-soft">It is no text: {bytes(Math.floor((bodyBase64.length * 3) / 4))}, here in base64.</p><CodeBlock text={bodyBase64} label="Body in base64" wrap /></> : <p className="text-ink-soft">{NO_BODY}, so it cannot happen again.</p>}
            </section>
            <section aria-label="Headers" className="flex flex-col gap-2">
              <h3 className="font-semibold">Headers</h3>
              <dl className="flex flex-col divide-y rounded-base border">
                {headers.map(([name, value], index) => (
                  <div key={index} className="flex flex-wrap gap-x-2 px-3 py-1.5 font-mono text-small">
                    <dt className="text-ink-soft">{name}:</dt>
                    <dd className="min-w-0 break-all">{value}</dd>
                  </div>
                ))}
              </dl>
              <p className="text-small text-ink-faint">Passwords, tokens and cookies are masked.</p>
            </section>
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}

function RunLink({ run }: { run: string }) {
  return <Link to="/runs/$run" params={{ run }} search={{}} className="font-mono text-small break-all text-accent underline">{run}</Link>;
}

function Body({ body }: { body: string }) {
  if (body === "") return <p className="text-ink-soft">It is empty.</p>;
  const shown = shownBody(body);
  return "json" in shown ? <div className="overflow-x-auto rounded-base border p-3"><JsonTree value={shown.json} /></div> : <CodeBlock text={shown.text} label="Body" wrap />;
}
