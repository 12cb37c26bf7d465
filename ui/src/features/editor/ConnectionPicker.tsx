//! The account that a node uses: chosen from those of the kinds that it takes, or made without leaving the node.

import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { use, useState } from "react";

import { isObject, type JsonObject } from "../../canvas/graph/json";
import { Button } from "@/kit/Button";
import { Field, Select } from "@/kit/Field";
import { NewConnection } from "@/resource/NewConnection";
import { RunContext } from "./run";

interface Props {
  readonly slot: string;
  /** Kinds of account that the slot takes; absent: any. */
  readonly kinds: readonly string[] | undefined;
  /** The connector that the node belongs to, if it does. */
  readonly service?: string | undefined;
  readonly value: string;
  readonly onChange: (name: string | undefined) => void;
}

export interface Offered {
  readonly name: string;
  readonly title: string;
  readonly kind: string;
}

/** The kind of an account, as slots name it: `basic`, or `login:postgres` for a login of that protocol. */
function kindOf(auth: unknown): string {
  if (!isObject(auth)) return "";
  const type = String(auth["type"] ?? "");
  return type === "login" ? `login:${String(auth["protocol"] ?? "")}` : type;
}

/** The connections that fit, by title. */
export function fitting(connections: readonly { readonly name: string; readonly spec: JsonObject }[], kinds: readonly string[] | undefined): Offered[] {
  return connections
    .map(({ name, spec }) => ({ name, title: typeof spec["title"] === "string" ? spec["title"] : "", kind: kindOf(spec["auth"]) }))
    .filter((one) => kinds === undefined || kinds.includes(one.kind) || kinds.includes(one.kind.replace(/:.*/, "")))
    .sort((one, other) => (one.title || one.name).localeCompare(other.title || other.name));
}

/** The connections that fit: those on the service of the node, and those on no service that there is a connector for. */
export function offeredTo(connections: Parameters<typeof fitting>[0], kinds: readonly string[] | undefined, service: string | undefined): { own: Offered[]; others: Offered[] } {
  if (service === undefined) return { own: [], others: fitting(connections, kinds) };
  return {
    own: fitting(connections.filter(({ spec }) => spec["connector"] === service), kinds),
    others: fitting(connections.filter(({ spec }) => spec["connector"] == null), kinds),
  };
}

/** A kind in words. */
const worded = (kind: string): string => (kind.startsWith("login:") ? `login to ${SERVICES[kind.slice("login:".length)] ?? kind.slice("login:".length)}` : (WORDS[kind] ?? kind));

const SERVICES: Readonly<Record<string, string>> = { postgres: "PostgreSQL", mysql: "MySQL", mongodb: "MongoDB", redis: "Redis", mqtt: "MQTT", amqp: "RabbitMQ", nats: "NATS", smtp: "a mail server (SMTP)", imap: "a mailbox (IMAP)", ftp: "FTP", sftp: "SFTP", ssh: "SSH", ldap: "LDAP", s3: "S3", git: "Git" };

const WORDS: Readonly<Record<string, string>> = { login: "login to a service", basic: "name and password", digest: "digest", header: "header", bearer: "bearer token", query: "query parameter", jwt: "JWT", custom: "custom", keys: "keys", webhook: "sender of webhooks", oauth2: "OAuth 2.0", session: "login with a session", awsSigV4: "signature of AWS" };

export function ConnectionPicker({ slot, kinds, service, value, onChange }: Props) {
  const { calls } = use(RunContext);
  const [making, setMaking] = useState(false);
  // The key begins with the kind, so the watch refreshes the list when a connection is made elsewhere.
  const known = useQuery({ queryKey: ["connection", "editor"], queryFn: () => calls?.connections() ?? [], enabled: calls !== undefined });
  const { own, others } = offeredTo(known.data ?? [], kinds, service);
  const offered = [...own, ...others];
  const stored = known.data?.find((one) => one.name === value);
  const misfit = value !== "" && known.data !== undefined && !offered.some((one) => one.name === value);
  const wanted = kinds?.map(worded).join(", ");
  const isElsewhere = service !== undefined && stored !== undefined && stored.spec["connector"] != null && stored.spec["connector"] !== service;
  const strange = isElsewhere ? `\`${value}\` is an account on another service` : stored ? `\`${value}\` is of another kind: it takes ${wanted ?? "others"}` : `there is no connection \`${value}\` here`;
  const options = (of: readonly Offered[]) => of.map((one) => <option key={one.name} value={one.name}>{one.title === "" ? one.name : `${one.title} (${one.name})`} – {worded(one.kind)}</option>);
  return (
    <Field
      label={slot === "auth" || service !== undefined || kinds?.every((kind) => kind.startsWith("login")) === true ? "Connection" : `Connection (${slot})`}
      hint={known.data !== undefined && offered.length === 0 ? `No connection fits yet${wanted === undefined || service !== undefined ? "" : ` (it takes: ${wanted})`}.` : undefined}
      error={misfit ? strange : known.error ? "the connections cannot be listed" : undefined}
    >
      {(ids) => (
        <span className="flex gap-1.5">
          <Select {...ids} value={value} onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}>
            <option value="">None</option>
            {misfit && <option value={value}>{value} ({stored ? "does not fit" : "missing"})</option>}
            {options(own)}
            {own.length > 0 && others.length > 0 ? <optgroup label="On no service in particular">{options(others)}</optgroup> : options(others)}
          </Select>
          <Button className="h-8! shrink-0" icon={<Plus size={14} />} onClick={() => setMaking(true)}>New connection</Button>
          {making && <NewConnection kinds={kinds} service={service} withSecrets onClose={() => setMaking(false)} onMade={onChange} />}
        </span>
      )}
    </Field>
  );
}
