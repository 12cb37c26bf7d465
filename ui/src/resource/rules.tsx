import { Plus, Trash2 } from "lucide-react";

import type { components } from "@/api/schema";
import { Button, IconButton } from "@/kit/Button";
import { Input, Select } from "@/kit/Field";
import { Badge } from "@/kit/Status";

export type Role = components["schemas"]["Role"];
export type Rule = components["schemas"]["Rule"];

/** What each role may do, in a line; each may do all that the ones before it may. */
export const ROLES: { role: Role; about: string }[] = [
  { role: "viewer", about: "Looks at everything, changes nothing." },
  { role: "operator", about: "Starts, retries and cancels runs, too." },
  { role: "editor", about: "Changes workflows, connections and variables, too." },
  { role: "admin", about: "Lets people in, makes tokens and sets the rules, too." },
  { role: "owner", about: "Everything." },
];

/** Where a rule counts, in words. */
export function placeOf(rule: Rule): string {
  if (rule.workspace == null && rule.environment == null) return "everywhere";
  if (rule.environment == null) return `in ${rule.workspace ?? ""}`;
  return rule.workspace == null ? `in every ${rule.environment}` : `in ${rule.workspace} / ${rule.environment}`;
}

export function Rules({ rules }: { rules: readonly Rule[] }) {
  return (
    <span className="flex flex-wrap gap-1">
      {rules.map((rule) => (
        <Badge key={`${rule.role} ${placeOf(rule)}`}>{placeOf(rule) === "everywhere" ? rule.role : `${rule.role} ${placeOf(rule)}`}</Badge>
      ))}
    </span>
  );
}

/** Edits what somebody may do where. */
export function RulesField({ rules, scopes, onChange }: { rules: readonly Rule[]; scopes: readonly components["schemas"]["Scope"][]; onChange: (rules: Rule[]) => void }) {
  const workspaces = [...new Set(scopes.map((scope) => scope.workspace))];
  const change = (at: number, part: Partial<Rule>): void => {
    onChange(rules.map((rule, index) => (index === at ? { ...rule, ...part } : rule)));
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">May do</legend>
      {rules.map((rule, at) => {
        const environments = [...new Set(scopes.filter((scope) => rule.workspace == null || scope.workspace === rule.workspace).map((scope) => scope.environment))];
        const number = String(at + 1);
        return (
          // The rows have no names of their own, and none of them is moved.
          <div key={`rule-${number}`} className="flex flex-col gap-1">
            <div className="flex items-center gap-1.5 max-sm:flex-wrap">
              <Select aria-label={`Role ${number}`} value={rule.role} onChange={(event) => { change(at, { role: event.target.value as Role }); }}>
                {ROLES.map((known) => <option key={known.role} value={known.role}>{known.role}</option>)}
              </Select>
              <Select aria-label={`Workspace ${number}`} value={rule.workspace ?? ""} onChange={(event) => { change(at, { workspace: event.target.value === "" ? null : event.target.value }); }}>
                <option value="">every workspace</option>
                {workspaces.map((name) => <option key={name} value={name}>{name}</option>)}
              </Select>
              <Select aria-label={`Environment ${number}`} value={rule.environment ?? ""} onChange={(event) => { change(at, { environment: event.target.value === "" ? null : event.target.value }); }}>
                <option value="">every environment</option>
                {environments.map((name) => <option key={name} value={name}>{name}</option>)}
              </Select>
              <IconButton name={`Remove role ${number}`} icon={<Trash2 size={14} />} refused={rules.length === 1 ? "One role stays; to shut somebody out, disable them" : undefined} onClick={() => { onChange(rules.filter((_, index) => index !== at)); }} />
            </div>
            <p className="text-small text-ink-faint">{ROLES.find((known) => known.role === rule.role)?.about}</p>
          </div>
        );
      })}
      <div><Button look="quiet" icon={<Plus size={14} />} onClick={() => { onChange([...rules, { role: "viewer" }]); }}>Another role elsewhere</Button></div>
    </fieldset>
  );
}

/** A text that is shown once, to be copied. */
export function Once({ text, onCopied }: { text: string; onCopied: () => void }) {
  return (
    <div className="flex items-center gap-2 rounded-base bg-sunken p-3">
      <Input readOnly aria-label="Copy this" value={text} className="min-w-0 flex-1 font-mono" onFocus={(event) => { event.target.select(); }} />
      <Button onClick={() => { void navigator.clipboard.writeText(text).then(onCopied); }}>Copy</Button>
    </div>
  );
}
