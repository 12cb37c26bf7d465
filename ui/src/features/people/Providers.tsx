import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { MoreHorizontal, Plus } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import type { components } from "@/api/schema";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Checkbox, Field, Input, Select } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Menu } from "@/kit/Menu";
import { Panel } from "@/kit/Page";
import { ProblemText } from "@/kit/States";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { toasts } from "@/kit/toasts";
import { ROLES, Rules, type Role } from "@/resource/rules";

type Info = components["schemas"]["ProviderInfo"];

/** Other services that people sign in with (OpenID Connect). */
export function Providers() {
  const client = useQueryClient();
  const [editing, setEditing] = useState<Info | "new" | null>(null);
  const all = useQuery({ queryKey: ["people", "providers"], queryFn: () => data(api.GET("/api/v1/sign-in/providers")) });
  const drop = useMutation({
    mutationFn: (name: string) => data(api.DELETE("/api/v1/sign-in/providers/{name}", { params: { path: { name } } })),
    onSuccess: () => { toasts.done("Nobody signs in with it any more"); },
    onError: (error) => { toasts.failed("The provider stays", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["people"] }),
  });
  return (
    <Panel flush title="Sign in with" actions={<Button look="quiet" icon={<Plus size={14} />} onClick={() => { setEditing("new"); }}>Add a provider</Button>}>
      <Loaded of={all} lines={2} empty={<p className="p-4 text-ink-soft">Keycloak, Google, Entra ID, Authentik and every other provider of OpenID Connect work; it costs nothing here.</p>}>
        {({ items }) => (
          <Table label="Providers" head={<><Th>Name</Th><Th>Issuer</Th><Th>Newcomers</Th><Th><span className="sr-only">Acts</span></Th></>}>
            {items.map((provider) => (
              <Tr key={provider.name}>
                <Td className="font-medium">{provider.spec.title}</Td>
                <Td className="break-all text-ink-soft">{provider.spec.issuer}</Td>
                <Td>{(provider.spec.newcomers ?? []).length === 0 ? <span className="text-ink-soft">only who is invited</span> : <Rules rules={provider.spec.newcomers ?? []} />}</Td>
                <Td className="text-right">
                  <Menu
                    trigger={<IconButton name={`Acts on ${provider.spec.title}`} icon={<MoreHorizontal size={15} />} />}
                    acts={[
                      { name: "Change…", do: () => { setEditing(provider); } },
                      "line",
                      { name: "Remove", danger: true, do: () => { if (confirm(`Remove ${provider.spec.title}? Whoever comes in by it alone is shut out.`)) drop.mutate(provider.name); } },
                    ]}
                  />
                </Td>
              </Tr>
            ))}
          </Table>
        )}
      </Loaded>
      {editing === null ? null : <Edit known={editing === "new" ? null : editing} onClose={() => { setEditing(null); }} />}
    </Panel>
  );
}

function Edit({ known, onClose }: { known: Info | null; onClose: () => void }) {
  const client = useQueryClient();
  const [title, setTitle] = useState(known?.spec.title ?? "");
  const [issuer, setIssuer] = useState(known?.spec.issuer ?? "");
  const [clientId, setClientId] = useState(known?.spec.clientId ?? "");
  const [secret, setSecret] = useState("");
  const [trustEmail, setTrustEmail] = useState(known?.spec.trustEmail ?? false);
  const [role, setRole] = useState<Role | "">(known?.spec.newcomers?.[0]?.role ?? "");
  const [domains, setDomains] = useState((known?.spec.domains ?? []).join(", "));
  const name = known?.name ?? (title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "") || "provider");
  const redirect = `${window.location.origin}/api/v1/sign-in/${name}/return`;
  const save = useMutation({
    mutationFn: () => {
      const spec = {
        ...known?.spec,
        title, issuer, clientId, trustEmail,
        newcomers: role === "" ? [] : known?.spec.newcomers?.[0]?.role === role ? known.spec.newcomers : [{ role }],
        domains: domains.split(",").map((domain) => domain.trim()).filter((domain) => domain !== ""),
      };
      return data(api.PUT("/api/v1/sign-in/providers/{name}", { params: { path: { name } }, body: { spec, ...(secret === "" ? {} : { clientSecret: secret }) } }));
    },
    onSuccess: (made) => { toasts.done(`${made.spec.title} answers; people can sign in with it`); onClose(); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["people"] }),
  });
  const problem = save.isError ? problemOf(save.error) : null;
  const at = (field: string): string | undefined => (problem?.pointer === `/spec/${field}` ? sentenceOf(problem) : undefined);
  return (
    <Dialog
      title={known === null ? "Add a provider" : `Change ${known.spec.title}`}
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={save.isPending} refused={title === "" || issuer === "" || clientId === "" ? "Title, issuer and client id are needed" : undefined} onClick={() => { save.mutate(); }}>Ask it and save</Button></>}
    >
      <div className="flex flex-col gap-4">
        <Field label="Name on the sign-in page" error={at("title")}>{(ids) => <Input {...ids} autoFocus value={title} placeholder="Keycloak" onChange={(event) => { setTitle(event.target.value); }} />}</Field>
        <Field label="Issuer" error={at("issuer")} hint="Where /.well-known/openid-configuration is found below.">{(ids) => <Input {...ids} value={issuer} placeholder="https://id.example.com/realms/main" onChange={(event) => { setIssuer(event.target.value); }} />}</Field>
        <Field label="Redirect address" hint="Register this one there.">{(ids) => <Input {...ids} readOnly value={known?.redirectUri ?? redirect} className="font-mono" onFocus={(event) => { event.target.select(); }} />}</Field>
        <Field label="Client id" error={at("clientId")}>{(ids) => <Input {...ids} value={clientId} onChange={(event) => { setClientId(event.target.value); }} />}</Field>
        <Field label="Client secret" hint={known?.hasSecret === true ? "There is one; leave it empty to keep it." : "Empty for a public client."}>{(ids) => <Input {...ids} type="password" autoComplete="off" value={secret} onChange={(event) => { setSecret(event.target.value); }} />}</Field>
        <Field label="Whoever comes for the first time" error={at("newcomers")}>
          {(ids) => (
            <Select {...ids} value={role} onChange={(event) => { setRole(event.target.value as Role | ""); }}>
              <option value="">needs an invitation</option>
              {ROLES.filter((one) => one.role !== "owner").map((one) => <option key={one.role} value={one.role}>comes in as {one.role}</option>)}
            </Select>
          )}
        </Field>
        {role === "" ? null : <Field label="Only addresses of these domains" hint="Parted by commas; empty: all that the provider has verified.">{(ids) => <Input {...ids} value={domains} placeholder="example.com" onChange={(event) => { setDomains(event.target.value); }} />}</Field>}
        <Checkbox label="Its verified addresses open the accounts of the same address here. Only for a provider that owns its addresses." checked={trustEmail} onChange={(event) => { setTrustEmail(event.target.checked); }} />
        {problem !== null && !["/spec/title", "/spec/issuer", "/spec/clientId", "/spec/newcomers"].includes(problem.pointer ?? "") ? <ProblemText problem={problem} /> : null}
      </div>
    </Dialog>
  );
}
