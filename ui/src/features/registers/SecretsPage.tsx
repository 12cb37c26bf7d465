import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Choice } from "@/kit/Choice";
import { Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { plural } from "@/kit/times";
import { Tip } from "@/kit/Tip";
import type { SecretView } from "@/resource/registerViews";

import { age, FLAGS, wanted, type Secret } from "./secrets";

const SHOWS = [{ value: "all", name: "All" }, { value: "flagged", name: "To look at" }, { value: "stale", name: "Stale" }, { value: "ending", name: "Ending" }, { value: "unused", name: "Unused" }] as const;
/** Days after which a secret is stale, unless somebody asks otherwise. */
const DAYS = 365;

/** Every secret, and none of their values. */
export function SecretsPage() {
  const view = useSearch({ from: "/shell/secrets" });
  const navigate = useNavigate();
  const days = view.days ?? DAYS;
  const list = useQuery({ queryKey: ["connection", "secrets-inventory", days], queryFn: () => data(api.GET("/api/v1/secrets-inventory", { params: { query: { staleAfterDays: days } } })), placeholderData: keepPreviousData });
  const go = (next: SecretView) => void navigate({ to: "/secrets", search: next, replace: true });
  return (
    <Page title="Secrets" lead="Where secrets are, who set them, how old they are, and when they end. Their values are never shown.">
      <Loaded
        of={list}
        empty={
          <Panel flush>
            <Empty title="No secret yet" action={<Link to="/connections" className="text-accent hover:underline">Go to the connections</Link>}>
              Secrets belong to connections. As soon as one is set, its age and its end are watched here.
            </Empty>
          </Panel>
        }
      >
        {({ items }) => {
          const shown = wanted(items, view);
          return (
            <div className="flex flex-col gap-4">
              <div className="flex flex-wrap items-center gap-2">
                <Input aria-label="Find a secret" type="search" placeholder="Find a connection, a field or a person" className="max-w-64" value={view.find ?? ""} onChange={(event) => { go({ ...view, find: event.target.value }); }} />
                <Choice label="Which secrets" of={SHOWS} value={view.show ?? "all"} onChange={(value) => { const { show: _show, ...rest } = view; go({ ...rest, ...(value === "all" ? {} : { show: value }) }); }} />
                <StaleAfter key={days} days={days} onChange={(next) => { const { days: _days, ...rest } = view; go({ ...rest, ...(next === DAYS ? {} : { days: next }) }); }} />
                <span role="status" className="text-small text-ink-soft">{shown.length === items.length ? plural(items.length, "secret") : `${String(shown.length)} of ${plural(items.length, "secret")}`}</span>
              </div>
              <Panel flush>
                {shown.length === 0 ? <Empty title="None of them" action={<Button onClick={() => { go({}); }}>Show all</Button>}>No secret is as you asked for.</Empty> : (
                  <Table label="Secrets" head={<><Th>Secret</Th><Th>Used by</Th><Th>Owner</Th><Th>Age</Th><Th>Last used</Th><Th>Ends</Th><Th>State</Th></>}>
                    {shown.map((secret) => <Row key={`${secret.connection}/${secret.field}`} secret={secret} />)}
                  </Table>
                )}
              </Panel>
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

/** The days after which a secret is stale; asked for when they are typed, and not at each digit. */
function StaleAfter({ days, onChange }: { days: number; onChange: (days: number) => void }) {
  const [text, setText] = useState(String(days));
  const typed = Number(text);
  const wrong = !Number.isInteger(typed) || typed < 1 || typed > 10_000;
  return (
    <form
      className="flex items-center gap-1.5 text-ink-soft"
      onSubmit={(event) => {
        event.preventDefault();
        if (!wrong) onChange(typed);
      }}
    >
      <label className="flex items-center gap-1.5">
        Stale after
        <Input type="number" min={1} max={10_000} className="w-20!" aria-invalid={wrong || undefined} value={text} onChange={(event) => { setText(event.target.value); }} onBlur={() => { if (!wrong && typed !== days) onChange(typed); }} />
      </label>
      days
    </form>
  );
}

function Row({ secret }: { secret: Secret }) {
  const { usedBy } = secret;
  return (
    <Tr>
      <Td className="min-w-48">
        <Link to="/connections/$name" params={{ name: secret.connection }} className="font-medium hover:underline">{secret.connection}</Link>{" "}
        <code className="font-mono text-small text-ink-soft">{secret.field}</code>
        {secret.title === "" && secret.connector == null ? null : <span className="block text-small text-ink-faint">{[secret.title, secret.connector].filter(Boolean).join(" · ")}</span>}
      </Td>
      <Td className="text-ink-soft">
        {usedBy.length === 0 ? "nobody" : <Tip text={usedBy.map(({ name, active }) => `${name}${active ? "" : " (not live)"}`).join(", ")}><span>{usedBy.length === 1 ? usedBy[0]?.name : plural(usedBy.length, "workflow")}</span></Tip>}
      </Td>
      <Td className="text-ink-soft">{secret.owner ?? <span className="text-ink-faint">not known</span>}</Td>
      <Td className="whitespace-nowrap text-ink-soft"><span title={new Date(secret.setAt).toLocaleString()}>{age(secret.ageDays)}</span>{secret.automatic ? <span className="block text-small text-ink-faint">renewed by itself</span> : null}</Td>
      <Td className="text-ink-soft">{secret.lastUsedAt == null ? <span className="text-ink-faint">not known</span> : <Time at={secret.lastUsedAt} />}</Td>
      <Td className="text-ink-soft">{secret.expiresAt == null ? <span className="text-ink-faint">no end known</span> : <Time at={secret.expiresAt} />}</Td>
      <Td><span className="flex flex-wrap gap-1">{secret.flags.length === 0 ? <Badge tone="good">fine</Badge> : secret.flags.map((flag) => <Badge key={flag} tone={FLAGS[flag].tone}>{FLAGS[flag].word}</Badge>)}</span></Td>
    </Tr>
  );
}
