import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { MoreHorizontal, UserPlus } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import type { components } from "@/api/schema";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Menu, type Act } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Empty, ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";
import { Once, Rules, RulesField, type Rule } from "@/resource/rules";

import { Providers } from "./Providers";

type Person = components["schemas"]["Person"];
type Link = components["schemas"]["MadeLink"];

/** Who may come in, and as what. */
export function PeoplePage() {
  const client = useQueryClient();
  const [inviting, setInviting] = useState(false);
  const [changing, setChanging] = useState<Person | null>(null);
  const [link, setLink] = useState<{ made: Link; what: string } | null>(null);
  const people = useQuery({ queryKey: ["people"], queryFn: () => data(api.GET("/api/v1/users", { params: { query: { limit: 1000 } } })) });
  const links = useQuery({ queryKey: ["people", "links"], queryFn: () => data(api.GET("/api/v1/users/links")) });
  const me = useQuery({ queryKey: ["me"], queryFn: () => data(api.GET("/api/v1/me")), staleTime: Infinity });
  const owns = me.data?.rules.some((rule) => rule.role === "owner" && rule.workspace == null && rule.environment == null) === true;
  const settle = (): void => void client.invalidateQueries({ queryKey: ["people"] });

  const able = useMutation({
    mutationFn: ({ person, act }: { person: Person; act: "enable" | "disable" }) => data(api.POST(act === "enable" ? "/api/v1/users/{id}/enable" : "/api/v1/users/{id}/disable", { params: { path: { id: person.id } } })),
    onSuccess: (person, { act }) => {
      if (act === "enable") toasts.done(`${person.name} may come in again`);
      else toasts.done(`${person.name} is shut out`, () => { able.mutate({ person, act: "enable" }); });
    },
    onError: (error) => { toasts.failed("Nothing was changed", error); },
    onSettled: settle,
  });
  const reset = useMutation({
    mutationFn: (person: Person) => data(api.POST("/api/v1/users/{id}/reset", { params: { path: { id: person.id } } })),
    onSuccess: (made, person) => { setLink({ made, what: `Lets ${person.email} set a new password` }); },
    onError: (error) => { toasts.failed("No link was made", error); },
    onSettled: settle,
  });
  const end = useMutation({
    mutationFn: (person: Person) => data(api.DELETE("/api/v1/users/{id}/sessions", { params: { path: { id: person.id } } })),
    onSuccess: ({ ended }, person) => { toasts.done(ended === 0 ? `${person.name} had no session` : `${person.name} is signed out everywhere`); },
    onError: (error) => { toasts.failed("The sessions go on", error); },
  });
  const drop = useMutation({
    mutationFn: (id: string) => data(api.DELETE("/api/v1/users/links/{id}", { params: { path: { id } } })),
    onSuccess: () => { toasts.done("The link opens nothing any more"); },
    onError: (error) => { toasts.failed("The link still works", error); },
    onSettled: settle,
  });

  const acts = (person: Person): (Act | "line")[] => [
    { name: "Change what they may do…", do: () => { setChanging(person); } },
    { name: "Make a link for a new password…", do: () => { reset.mutate(person); }, refused: person.disabledAt == null ? undefined : "Let them in again first" },
    { name: "End all sessions", do: () => { end.mutate(person); } },
    "line",
    person.disabledAt == null
      ? { name: "Shut out", danger: true, do: () => { able.mutate({ person, act: "disable" }); } }
      : { name: "Let in again", do: () => { able.mutate({ person, act: "enable" }); } },
  ];

  const waiting = links.data?.items ?? [];
  return (
    <Page title="People" lead="Who may come in, and what they may do where." actions={<Button look="primary" icon={<UserPlus size={14} />} onClick={() => { setInviting(true); }}>Invite</Button>}>
      <div className="flex flex-col gap-6">
        <Panel flush title="People">
          <Loaded
            of={people}
            empty={
              <Empty title="Nobody has an account yet" action={<Button look="primary" onClick={() => { setInviting(true); }}>Invite the first one</Button>}>
                You work with a token. People sign in by password, passkey or a provider, and the log names them.
              </Empty>
            }
          >
            {({ items }) => (
              <Table label="People" head={<><Th>Name</Th><Th>May do</Th><Th>Comes in by</Th><Th>Signed in</Th><Th><span className="sr-only">Acts</span></Th></>}>
                {items.map((person) => (
                  <Tr key={person.id} className={person.disabledAt == null ? "" : "opacity-60"}>
                    <Td><span className="block font-medium">{person.name}</span><span className="block text-small text-ink-soft">{person.email}</span></Td>
                    <Td><Rules rules={person.rules} /></Td>
                    <Td className="text-ink-soft">{waysOf(person).join(", ") || "nothing yet"}</Td>
                    <Td className="text-ink-soft">{person.disabledAt != null ? <Badge tone="bad">shut out</Badge> : person.signedInAt == null ? "never" : <Time at={person.signedInAt} />}</Td>
                    <Td className="text-right"><Menu trigger={<IconButton name={`Acts on ${person.name}`} icon={<MoreHorizontal size={15} />} />} acts={acts(person)} /></Td>
                  </Tr>
                ))}
              </Table>
            )}
          </Loaded>
        </Panel>
        {waiting.length === 0 ? null : (
          <Panel flush title="Links that wait">
            <Table label="Links that wait" head={<><Th>For</Th><Th>What it does</Th><Th>Made by</Th><Th>Ends</Th><Th><span className="sr-only">Acts</span></Th></>}>
              {waiting.map((one) => (
                <Tr key={one.id}>
                  <Td className="font-medium">{one.email === "" ? "whoever has it" : one.email}</Td>
                  <Td>{one.purpose === "owner" ? "makes an owner" : one.purpose === "reset" ? "sets a new password" : <Rules rules={one.rules} />}</Td>
                  <Td className="text-ink-soft">{one.createdBy}</Td>
                  <Td className="text-ink-soft"><Time at={one.expiresAt} /></Td>
                  <Td className="text-right"><Button look="quiet" onClick={() => { drop.mutate(one.id); }}>Take back</Button></Td>
                </Tr>
              ))}
            </Table>
          </Panel>
        )}
        {owns ? <Providers /> : null}
      </div>
      {inviting ? <Invite onClose={() => { setInviting(false); }} onMade={(made, email) => { setInviting(false); setLink({ made, what: `Lets ${email} in` }); settle(); }} /> : null}
      {changing === null ? null : <Change person={changing} onClose={() => { setChanging(null); }} onDone={settle} />}
      <Dialog title="Send this link" {...(link === null ? {} : { description: `${link.what}, once. It is shown this once.` })} open={link !== null} onOpenChange={() => { setLink(null); }}>
        {link === null ? null : <Once text={link.made.url} onCopied={() => { toasts.done("Copied"); }} />}
      </Dialog>
    </Page>
  );
}

function waysOf(person: Person): string[] {
  const passkeys = person.passkeys === 1 ? ["a passkey"] : person.passkeys > 1 ? [`${String(person.passkeys)} passkeys`] : [];
  return [...(person.hasPassword ? ["password"] : []), ...passkeys, ...person.providers];
}

function Invite({ onClose, onMade }: { onClose: () => void; onMade: (made: Link, email: string) => void }) {
  const scopes = useQuery({ queryKey: ["scope"], queryFn: () => data(api.GET("/api/v1/scopes", { params: { query: { limit: 1000 } } })) });
  const [email, setEmail] = useState("");
  const [rules, setRules] = useState<Rule[]>([{ role: "editor" }]);
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/users/invite", { body: { email, rules } })),
    onSuccess: (made) => { onMade(made, email); },
  });
  const problem = make.isError ? problemOf(make.error) : null;
  return (
    <Dialog
      title="Invite somebody"
      description="They get a link that works once. Send it the way you trust most."
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={make.isPending} refused={email === "" ? "Say whom first" : undefined} onClick={() => { make.mutate(); }}>Make the link</Button></>}
    >
      <div className="flex flex-col gap-4">
        <Field label="Email address" error={problem?.pointer === "/email" ? sentenceOf(problem) : undefined}>
          {(ids) => <Input {...ids} type="email" autoFocus value={email} onChange={(event) => { setEmail(event.target.value); }} />}
        </Field>
        <RulesField rules={rules} scopes={scopes.data?.items ?? []} onChange={setRules} />
        {problem !== null && problem.pointer !== "/email" ? <ProblemText problem={problem} /> : null}
      </div>
    </Dialog>
  );
}

function Change({ person, onClose, onDone }: { person: Person; onClose: () => void; onDone: () => void }) {
  const scopes = useQuery({ queryKey: ["scope"], queryFn: () => data(api.GET("/api/v1/scopes", { params: { query: { limit: 1000 } } })) });
  const [rules, setRules] = useState<Rule[]>(person.rules);
  const change = useMutation({
    mutationFn: () => data(api.PUT("/api/v1/users/{id}/rules", { params: { path: { id: person.id } }, body: { rules } })),
    onSuccess: () => { toasts.done(`${person.name} may do that from now on`); onClose(); },
    onSettled: onDone,
  });
  return (
    <Dialog
      title={`What ${person.name} may do`}
      description="Their sessions end, and what they sign in to next has the new rights."
      open
      onOpenChange={onClose}
      footer={<><Button onClick={onClose}>Cancel</Button><Button look="primary" busy={change.isPending} onClick={() => { change.mutate(); }}>Change</Button></>}
    >
      <div className="flex flex-col gap-4">
        <RulesField rules={rules} scopes={scopes.data?.items ?? []} onChange={setRules} />
        {change.isError ? <ProblemText problem={problemOf(change.error)} /> : null}
      </div>
    </Dialog>
  );
}
