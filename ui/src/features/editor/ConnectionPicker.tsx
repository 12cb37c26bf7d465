//! The account that a node uses: chosen from those that there are, or made on its own page.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { use } from "react";

import { Field, Select } from "@/kit/Field";
import { paths } from "@/paths";
import { RunContext } from "./run";

interface Props {
  readonly slot: string;
  readonly value: string;
  readonly onChange: (name: string | undefined) => void;
}

export function ConnectionPicker({ slot, value, onChange }: Props) {
  const { calls } = use(RunContext);
  // The key begins with the kind, so the watch refreshes the list when a connection is made elsewhere.
  const known = useQuery({ queryKey: ["connection", "editor"], queryFn: () => calls?.connections() ?? [], enabled: calls !== undefined });
  const names = (known.data ?? []).map((connection) => connection.name);
  const lost = value !== "" && known.data !== undefined && !names.includes(value);
  return (
    <Field
      label={slot === "auth" ? "Connection" : `Connection (${slot})`}
      hint={names.length === 0 && known.data !== undefined ? "There is no connection yet: make one, and it appears here." : "Signs what the node sends."}
      error={lost ? `there is no connection \`${value}\` here` : known.error ? "the connections cannot be listed" : undefined}
      action={<Link to={paths.connections} target="_blank" className="inline-flex items-center gap-1 text-small text-accent hover:underline">Make one <ExternalLink size={11} aria-hidden /></Link>}
    >
      {(ids) => (
        <Select {...ids} value={value} onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.value)}>
          <option value="">None</option>
          {lost && <option value={value}>{value} (missing)</option>}
          {(known.data ?? []).map((connection) => <option key={connection.name} value={connection.name}>{typeof connection.spec["title"] === "string" && connection.spec["title"] !== "" ? `${connection.spec["title"]} (${connection.name})` : connection.name}</option>)}
        </Select>
      )}
    </Field>
  );
}
