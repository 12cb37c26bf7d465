import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fingerprint, Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import type { components } from "@/api/schema";
import { hasPasskeys, makePasskey, passkeyTrouble } from "@/app/passkey";
import { session } from "@/app/session";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input, Select } from "@/kit/Field";
import { Loaded, Unloaded } from "@/kit/Loaded";
import { Page, Panel } from "@/kit/Page";
import { Empty, ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { Once, Rules } from "@/resource/rules";

/** What one is here, and what one comes in by. */
export function AccountPage() {
  const me = useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: Infinity });
  if (me.data === undefined) return <Page title="Your account"><Unloaded of={me} /></Page>;
  if (!session.isPerson || me.data.user == null) {
    return (
      <Page title="Your account">
        <Empty title="A token has no account">You work as {me.data.actor}. Whoever signs in as a person finds sessions, passkeys and personal tokens here.</Empty>
      </Page>
    );
  }
  return (
    <Page title="Your account" lead={<>{me.data.user.email} · <span className="inline-block align-middle"><Rules rules={me.data.rules} /></span></>}>
      <div className="flex flex-col gap-6">
        <div className="grid gap-6 lg:grid-cols-2">
          <Name name={me.data.user.name} />
          <Password />
        </div>
        <Passkeys />
        <Identities />
        <Sessions />
        <Tokens />
      </div>
    </Page>
  );
}

function Name({ name }: { name: string }) {
  const client = useQueryClient();
  const [text, setText] = useState(name);
  const save = useMutation({
    mutationFn: () => data(api.PATCH("/api/v1/me", { body: { name: text } })),
    onSuccess: () => { toasts.done("Saved"); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["me"] }),
  });
  return (
    <Panel title="Name">
      <form className="flex flex-col gap-3" onSubmit={(event: FormEvent) => { event.preventDefault(); save.mutate(); }}>
        <Field label="What others see" error={save.isError ? sentenceOf(problemOf(save.error)) : undefined}>{(ids) => <Input {...ids} autoComplete="name" value={text} onChange={(event) => { setText(event.target.value); }} />}</Field>
        <div><Button type="submit" busy={save.isPending} refused={text === name ? "Nothing was changed" : undefined}>Save</Button></div>
      </form>
    </Panel>
  );
}

function Password() {
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const save = useMutation({
    mutationFn: () => data(api.POST("/api/v1/me/password", { body: { current, password } })),
    onSuccess: ({ csrf }) => {
      session.begun(csrf);
      setCurrent("");
      setPassword("");
      toasts.done("The new password counts; all other sessions have ended");
    },
    onSettled: () => void client.invalidateQueries({ queryKey: ["sessions"] }),
  });
  const problem = save.isError ? problemOf(save.error) : null;
  return (
    <Panel title="Password">
      <form className="flex flex-col gap-3" onSubmit={(event: FormEvent) => { event.preventDefault(); save.mutate(); }}>
        <Field label="The one until now" error={problem?.pointer === "/current" ? sentenceOf(problem) : undefined} hint="Leave it empty if you have none yet.">{(ids) => <Input {...ids} type="password" autoComplete="current-password" value={current} onChange={(event) => { setCurrent(event.target.value); }} />}</Field>
        <Field label="The new one" error={problem?.pointer === "/password" ? sentenceOf(problem) : undefined}>{(ids) => <Input {...ids} type="password" autoComplete="new-password" value={password} onChange={(event) => { setPassword(event.target.value); }} />}</Field>
        {problem !== null && !["/current", "/password"].includes(problem.pointer ?? "") ? <ProblemText problem={problem} /> : null}
        <div><Button type="submit" busy={save.isPending} refused={password === "" ? "Choose a new one first" : undefined}>Change the password</Button></div>
      </form>
    </Panel>
  );
}

function Passkeys() {
  const client = useQueryClient();
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const all = useQuery({ queryKey: ["passkeys"], queryFn: () => data(api.GET("/api/v1/me/passkeys")) });
  const settle = (): void => void client.invalidateQueries({ queryKey: ["passkeys"] });
  const add = useMutation({
    mutationFn: async () => {
      const made = await makePasskey(await data(api.POST("/api/v1/me/passkeys/begin")));
      return data(api.POST("/api/v1/me/passkeys", { body: { name, ...made } }));
    },
    onSuccess: (made) => { setNaming(false); setName(""); toasts.done(`${made.name} lets you in from now on`); },
    onSettled: settle,
  });
  const remove = useMutation({
    mutationFn: (id: string) => data(api.DELETE("/api/v1/me/passkeys/{id}", { params: { path: { id } } })),
    onSuccess: () => { toasts.done("The passkey opens nothing any more"); },
    onError: (error) => { toasts.failed("The passkey stays", error); },
    onSettled: settle,
  });
  return (
    <Panel flush title="Passkeys" actions={<Button look="quiet" icon={<Plus size={14} />} refused={hasPasskeys() ? undefined : "This browser has passkeys only at the server’s own name, by https or on localhost"} onClick={() => { setNaming(true); }}>Add a passkey</Button>}>
      <Loaded of={all} lines={2} empty={<p className="flex items-center gap-2 p-4 text-ink-soft"><Fingerprint size={16} aria-hidden className="shrink-0" /> A finger, a face or a key instead of a password: nothing to type, and nothing that can be phished.</p>}>
        {({ items }) => (
          <Table label="Passkeys" head={<><Th>Name</Th><Th>Added</Th><Th>Used</Th><Th><span className="sr-only">Acts</span></Th></>}>
            {items.map((key) => (
              <Tr key={key.id}>
                <Td className="font-medium">{key.name}</Td>
                <Td className="text-ink-soft"><Time at={key.createdAt} /></Td>
                <Td className="text-ink-soft">{key.usedAt == null ? "never" : <Time at={key.usedAt} />}</Td>
                <Td className="text-right"><IconButton name={`Remove ${key.name}`} icon={<Trash2 size={14} />} onClick={() => { if (confirm(`Remove the passkey ${key.name}?`)) remove.mutate(key.id); }} /></Td>
              </Tr>
            ))}
          </Table>
        )}
      </Loaded>
      <Dialog
        title="Add a passkey"
        description="Your device asks for a finger, a face or a PIN."
        open={naming}
        onOpenChange={setNaming}
        footer={<><Button onClick={() => { setNaming(false); }}>Cancel</Button><Button look="primary" busy={add.isPending} refused={name.trim() === "" ? "Give it a name first" : undefined} onClick={() => { add.mutate(); }}>Go on</Button></>}
      >
        <Field label="Name" error={add.isError ? (passkeyTrouble(add.error) ?? sentenceOf(problemOf(add.error))) : undefined} hint="By which you know it in the list.">
          {(ids) => <Input {...ids} autoFocus value={name} placeholder="laptop" onChange={(event) => { setName(event.target.value); }} />}
        </Field>
      </Dialog>
    </Panel>
  );
}

function Identities() {
  const client = useQueryClient();
  const door = useQuery({ queryKey: ["sign-in"], queryFn: () => data(api.GET("/api/v1/sign-in")) });
  const mine = useQuery({ queryKey: ["identities"], queryFn: () => data(api.GET("/api/v1/me/identities")) });
  const attach = useMutation({
    mutationFn: (provider: string) => data(api.POST("/api/v1/me/identities/{provider}", { params: { path: { provider } }, body: { next: window.location.pathname } })),
    onSuccess: ({ location }) => { window.location.assign(location); },
    onError: (error) => { toasts.failed("The provider cannot be asked", error); },
  });
  const detach = useMutation({
    mutationFn: (provider: string) => data(api.DELETE("/api/v1/me/identities/{provider}", { params: { path: { provider } } })),
    onSuccess: () => { toasts.done("You come in by it no more"); },
    onError: (error) => { toasts.failed("It stays", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["identities"] }),
  });
  const providers = door.data?.providers ?? [];
  if (providers.length === 0) return null;
  return (
    <Panel flush title="Sign in with">
      <Table label="Providers" head={<><Th>Provider</Th><Th>Known there as</Th><Th><span className="sr-only">Acts</span></Th></>}>
        {providers.map((provider) => {
          const known = mine.data?.items.find((one) => one.provider === provider.name);
          return (
            <Tr key={provider.name}>
              <Td className="font-medium">{provider.title}</Td>
              <Td className="break-all text-ink-soft">{known?.subject ?? "not yet"}</Td>
              <Td className="text-right">
                {known === undefined ? <Button look="quiet" busy={attach.isPending} onClick={() => { attach.mutate(provider.name); }}>Add</Button> : <Button look="quiet" onClick={() => { detach.mutate(provider.name); }}>Remove</Button>}
              </Td>
            </Tr>
          );
        })}
      </Table>
    </Panel>
  );
}

function Sessions() {
  const client = useQueryClient();
  const all = useQuery({ queryKey: ["sessions"], queryFn: () => data(api.GET("/api/v1/me/sessions")) });
  const settle = (): void => void client.invalidateQueries({ queryKey: ["sessions"] });
  const end = useMutation({
    mutationFn: (id: string) => data(api.DELETE("/api/v1/me/sessions/{id}", { params: { path: { id } } })),
    onSuccess: () => { toasts.done("The session has ended"); },
    onError: (error) => { toasts.failed("The session goes on", error); },
    onSettled: settle,
  });
  const endOthers = useMutation({
    mutationFn: () => data(api.DELETE("/api/v1/me/sessions")),
    onSuccess: ({ ended }) => { toasts.done(ended === 1 ? "One other session has ended" : `${String(ended)} other sessions have ended`); },
    onError: (error) => { toasts.failed("The sessions go on", error); },
    onSettled: settle,
  });
  const others = (all.data?.items ?? []).filter((one) => !one.current);
  return (
    <Panel flush title="Sessions" actions={others.length === 0 ? null : <Button look="quiet" busy={endOthers.isPending} onClick={() => { endOthers.mutate(); }}>End all others</Button>}>
      <Loaded of={all} lines={2}>
        {({ items }) => (
          <Table label="Sessions" head={<><Th>Where</Th><Th>By</Th><Th>Begun</Th><Th>Last seen</Th><Th><span className="sr-only">Acts</span></Th></>}>
            {items.map((one) => (
              <Tr key={one.id}>
                <Td><span className="block font-medium">{one.device === "" ? "an unknown device" : one.device} {one.current ? <Badge tone="good">this one</Badge> : null}</span><span className="block text-small text-ink-soft">{one.address}</span></Td>
                <Td className="text-ink-soft">{one.method}</Td>
                <Td className="text-ink-soft"><Time at={one.createdAt} /></Td>
                <Td className="text-ink-soft"><Time at={one.seenAt} /></Td>
                <Td className="text-right">{one.current ? null : <Button look="quiet" onClick={() => { end.mutate(one.id); }}>End</Button>}</Td>
              </Tr>
            ))}
          </Table>
        )}
      </Loaded>
    </Panel>
  );
}

/** What a token needs that only looks. */
const READS: components["schemas"]["Permission"][] = ["resource:read", "run:read", "server:read"];
const ENDS: [string, number | null][] = [["in 30 days", 30], ["in 90 days", 90], ["in a year", 365], ["never", null]];

function Tokens() {
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [name, setName] = useState("");
  const [reads, setReads] = useState(false);
  const [days, setDays] = useState<number | null>(90);
  const [text, setText] = useState<string | null>(null);
  const all = useQuery({ queryKey: ["my-tokens"], queryFn: () => data(api.GET("/api/v1/me/tokens")) });
  const settle = (): void => void client.invalidateQueries({ queryKey: ["my-tokens"] });
  const make = useMutation({
    mutationFn: () =>
      data(api.POST("/api/v1/me/tokens", {
        body: {
          name, rules: [],
          ...(reads ? { permissions: READS } : {}),
          ...(days === null ? {} : { expiresAt: Date.now() + days * 86_400_000 }),
        },
      })),
    onSuccess: (made) => { setMaking(false); setName(""); setText(made.token); },
    onSettled: settle,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => data(api.DELETE("/api/v1/me/tokens/{id}", { params: { path: { id } } })),
    onSuccess: () => { toasts.done("The token opens nothing any more"); },
    onError: (error) => { toasts.failed("The token still works", error); },
    onSettled: settle,
  });
  const living = (all.data?.items ?? []).filter((token) => token.revokedAt == null);
  return (
    <Panel flush title="Personal tokens" actions={<Button look="quiet" icon={<Plus size={14} />} onClick={() => { setMaking(true); }}>New token</Button>}>
      <Loaded of={all} lines={2} isEmpty={living.length === 0} empty={<p className="p-4 text-ink-soft">For the command line and scripts of yours. A token never has more than you have, and ends with you.</p>}>
        {() => (
          <Table label="Personal tokens" head={<><Th>Name</Th><Th>May do</Th><Th>Made</Th><Th>Ends</Th><Th><span className="sr-only">Acts</span></Th></>}>
            {living.map((token) => (
              <Tr key={token.id}>
                <Td className="font-medium">{token.name}</Td>
                <Td className="text-ink-soft">{token.permissions == null ? "all that you may do" : token.permissions.join(", ")}</Td>
                <Td className="text-ink-soft"><Time at={token.createdAt} /></Td>
                <Td className="text-ink-soft">{token.expiresAt == null ? "never" : <Time at={token.expiresAt} />}</Td>
                <Td className="text-right"><IconButton name={`Revoke ${token.name}`} icon={<Trash2 size={14} />} onClick={() => { if (confirm(`Revoke ${token.name}? Whatever uses it is shut out at once.`)) revoke.mutate(token.id); }} /></Td>
              </Tr>
            ))}
          </Table>
        )}
      </Loaded>
      <Dialog
        title="New personal token"
        open={making}
        onOpenChange={setMaking}
        footer={<><Button onClick={() => { setMaking(false); }}>Cancel</Button><Button look="primary" busy={make.isPending} refused={name.trim() === "" ? "Say what it is for first" : undefined} onClick={() => { make.mutate(); }}>Make it</Button></>}
      >
        <div className="flex flex-col gap-4">
          <Field label="What it is for" error={make.isError ? sentenceOf(problemOf(make.error)) : undefined}>{(ids) => <Input {...ids} autoFocus value={name} placeholder="laptop" onChange={(event) => { setName(event.target.value); }} />}</Field>
          <Field label="May do">
            {(ids) => (
              <Select {...ids} value={reads ? "reads" : "all"} onChange={(event) => { setReads(event.target.value === "reads"); }}>
                <option value="all">all that you may do</option>
                <option value="reads">only read resources and runs</option>
              </Select>
            )}
          </Field>
          <Field label="Ends">{(ids) => <Select {...ids} value={String(days)} onChange={(event) => { setDays(event.target.value === "null" ? null : Number(event.target.value)); }}>{ENDS.map(([said, span]) => <option key={said} value={String(span)}>{said}</option>)}</Select>}</Field>
        </div>
      </Dialog>
      <Dialog title="Your new token" description="This is the only time that it is shown." open={text !== null} onOpenChange={() => { setText(null); }}>
        {text === null ? null : <Once text={text} onCopied={() => { toasts.done("Copied"); }} />}
      </Dialog>
    </Panel>
  );
}
