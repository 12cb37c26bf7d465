import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";

import { api, data } from "@/api/client";
import { problemOf, problemsOf, type Problem } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Checkbox, Field, Input, TextArea } from "@/kit/Field";
import { Line } from "@/kit/Prose";
import { ProblemText } from "@/kit/States";
import { toasts } from "@/kit/toasts";

import { Words } from "./ConnectPanel";
import { firstSettings, flowOf, isAddress, missingIn, placesOf, scopesOf, secretsOf, settingsOf, specOf, type Account, type Connector, type Draft } from "./connectors";
import { beginConsent, openWindow, type Began } from "./consent";
import { free, nameOf } from "./NewDialog";
import { SchemaForm } from "./SchemaForm";
import { LONG } from "./Secrets";

/** An account that was made, and the consent that it waits for. */
export interface Made {
  name: string;
  auth: Record<string, unknown>;
  /** Somebody has to consent before it works. */
  consent: boolean;
  began: Began | null;
}

/** What was refused after the connection was there. */
class SecretRefused extends Error {
  constructor(readonly field: string, readonly reason: unknown) {
    super(problemOf(reason).detail);
  }
}

/** The form of an account on a service: how it is shown, what the service asks for, its secrets. */
export function NewAccount({ connector, called, onBack, onClose, onMade }: { connector: Connector; called: string; onBack: (() => void) | undefined; onClose: () => void; onMade: (made: Made) => void }) {
  const client = useQueryClient();
  const list = useQuery({ queryKey: ["connection", "list"], queryFn: () => data(api.GET("/api/v1/connections", { params: { query: { limit: 1000 } } })) });
  const [way, setWay] = useState(connector.accounts[0]);
  const [typed, setTyped] = useState<Partial<Draft>>({});
  const [checked, setChecked] = useState(false);
  /** Times that something was wrong when it was to be made. */
  const [faults, setFaults] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const first = faults > 0 ? form.current?.querySelector<HTMLElement>("[aria-invalid=true]") : null;
    // What is wrong with it stands below it, and must not lie behind the footer.
    first?.scrollIntoView({ block: "center" });
    first?.focus({ preventScroll: true });
  }, [faults]);
  /** What is written already; another attempt goes on from there. */
  const [written, setWritten] = useState<{ name: string | null; secrets: readonly string[] }>({ name: null, secrets: [] });
  const make = useMutation({
    mutationFn: async ({ account, draft, opened }: { account: Account; draft: Draft; opened: Window | null }): Promise<Made> => {
      const spec = specOf(account, draft);
      try {
        await write(written.name, draft.name, spec);
        setWritten((now) => ({ ...now, name: draft.name }));
        for (const { field } of secretsOf(account)) {
          const value = draft.secrets[field] ?? "";
          if (value === "" || written.secrets.includes(field)) continue;
          try {
            await data(api.PUT("/api/v1/connections/{name}/secrets/{field}", { params: { path: { name: draft.name, field } }, body: { value } }));
          } catch (error) {
            throw new SecretRefused(field, error);
          }
          setWritten((now) => ({ ...now, secrets: [...now.secrets, field] }));
        }
      } catch (error) {
        opened?.close();
        throw error;
      }
      const made = { name: draft.name, auth: spec["auth"] as Record<string, unknown>, consent: account.consent, began: null };
      if (flowOf(account) !== "authorizationCode") return made;
      try {
        return { ...made, began: await beginConsent(draft.name, null, opened) };
      } catch (error) {
        // It is there, and can be connected later.
        toasts.failed("The consent cannot be begun", error);
        return made;
      }
    },
    onSuccess: onMade,
    onError: () => { setFaults((count) => count + 1); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["connection"] }),
  });
  if (way === undefined) return <NoAccount connector={connector} onBack={onBack} onClose={onClose} />;
  const isThere = written.name !== null;
  const draft: Draft = {
    name: typed.name ?? (called === "" ? free(nameOf(connector.name), (list.data?.items ?? []).map(({ name }) => name)) : called),
    title: typed.title ?? String(way.spec["title"] ?? connector.title),
    settings: typed.settings ?? firstSettings(way),
    places: typed.places ?? {},
    secrets: typed.secrets ?? {},
    allowPrivate: typed.allowPrivate ?? false,
  };
  const change = (part: Partial<Draft>): void => { setTyped((now) => ({ ...now, ...part })); };
  const refused: Problem[] = make.error instanceof SecretRefused ? [{ ...problemOf(make.error.reason), pointer: `/secrets/${make.error.field}` }] : problemsOf(make.error);
  const problems = [...(checked ? missingIn(connector, way, draft) : []), ...refused];
  const at = (pointer: string): string | undefined => problems.find((problem) => problem.pointer === pointer)?.detail;
  const { asked, more } = settingsOf(connector, way);
  const shown = new Set(["/name", "/spec/title", ...Object.keys({ ...asked.properties, ...more.properties }).map((name) => `/spec/settings/${name}`), ...placesOf(way).map(({ pointer }) => `/spec${pointer}`), ...secretsOf(way).map(({ field }) => `/secrets/${field}`)]);
  // What encloses others says nothing of its own.
  const elsewhere = refused.length === 0 ? make.isError : (refused.length > 1 ? refused.slice(1) : refused).some(({ pointer }) => pointer == null || !shown.has(pointer));
  const scopes = way.consent ? scopesOf(way) : [];
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (make.isPending) return;
    setChecked(true);
    // Once it is there, the list has a connection of this name.
    change({ name: draft.name });
    if (missingIn(connector, way, draft).length > 0) {
      setFaults(faults + 1);
      return;
    }
    make.mutate({ account: way, draft, opened: flowOf(way) === "authorizationCode" ? openWindow() : null });
  };
  return (
    <form ref={form} className="flex flex-col gap-4" onSubmit={submit} noValidate>
      {connector.accounts.length === 1 ? (
        <p className="text-ink-soft"><b className="font-medium text-ink">{way.title}.</b> <Line text={way.help} /></p>
      ) : (
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 font-medium">How the account is shown</legend>
          {connector.accounts.map((account) => (
            <label key={account.id} className="flex cursor-pointer gap-2.5 rounded-base border p-2.5 hover:border-line-strong has-checked:border-accent has-checked:bg-accent-soft">
              <input type="radio" name="way" className="mt-0.5 size-4 shrink-0 accent-(--accent)" checked={account === way} disabled={isThere} onChange={() => { setWay(account); setChecked(false); make.reset(); change({ secrets: {}, places: {} }); }} />
              <span className="min-w-0">
                <span className="block font-medium">{account.title}</span>
                <span className="block text-small text-ink-soft"><Line text={account.help} /></span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {flowOf(way) === "authorizationCode" ? <RedirectAddress /> : null}
      <Field label="Title" hint="What people see in lists." error={at("/spec/title")}>
        {(ids) => <Input {...ids} value={draft.title} onChange={(event) => { change({ title: event.target.value }); }} />}
      </Field>
      <Field label="Name" hint={isThere ? "It is made already; what is missing is written to it." : "Nodes refer to it by this name."} error={at("/name")}>
        {(ids) => <Input {...ids} readOnly={isThere} value={draft.name} onChange={(event) => { change({ name: event.target.value.trim() }); }} />}
      </Field>
      {Object.keys(asked.properties ?? {}).length === 0 ? null : <SchemaForm schema={asked} pointer="/spec/settings" value={draft.settings} problems={problems} onChange={(settings) => { change({ settings }); }} />}
      {placesOf(way).map(({ pointer, label }) => (
        <Field key={pointer} label={label} error={at(`/spec${pointer}`)}>
          {(ids) => <Input {...ids} autoComplete="off" value={draft.places[pointer] ?? ""} onChange={(event) => { change({ places: { ...draft.places, [pointer]: event.target.value } }); }} />}
        </Field>
      ))}
      {secretsOf(way).map(({ field, title, optional }) => (
        <Field key={field} label={optional ? `${title} (optional)` : title} hint={optional ? "Empty where the application has none. It is never shown again." : "It is never shown again."} error={at(`/secrets/${field}`)}>
          {(ids) => {
            const value = draft.secrets[field] ?? "";
            const set = (to: string) => {
              setWritten((now) => ({ ...now, secrets: now.secrets.filter((known) => known !== field) }));
              change({ secrets: { ...draft.secrets, [field]: to } });
            };
            return LONG.has(field) ? (
              <TextArea {...ids} rows={3} autoComplete="off" spellCheck={false} placeholder="-----BEGIN …" value={value} onChange={(event) => { set(event.target.value); }} />
            ) : (
              <Input {...ids} type="password" autoComplete="off" value={value} onChange={(event) => { set(event.target.value); }} />
            );
          }}
        </Field>
      ))}
      {Object.values({ ...asked.properties, ...more.properties }).some(isAddress) ? (
        <Checkbox label="The server lies in a network of our own" checked={draft.allowPrivate} onChange={(event) => { change({ allowPrivate: event.target.checked }); }} />
      ) : null}
      {Object.keys(more.properties ?? {}).length === 0 ? null : (
        <details>
          <summary className="cursor-pointer text-small font-medium text-accent">What only some accounts need</summary>
          <div className="mt-3"><SchemaForm schema={more} pointer="/spec/settings" value={draft.settings} problems={problems} onChange={(settings) => { change({ settings }); }} /></div>
        </details>
      )}
      {scopes.length === 0 ? null : (
        <div className="flex flex-col gap-1">
          <span className="font-medium">What {connector.title} is asked for</span>
          <Words of={scopes} />
        </div>
      )}
      {elsewhere ? <div role="alert" className="rounded-base bg-bad-soft p-3"><ProblemText problem={problemOf(make.error)} /></div> : null}
      <DialogFooter>
        {onBack === undefined ? null : <Button className="mr-auto" onClick={onBack}>Back to services</Button>}
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={make.isPending}>{way.consent ? "Create and connect" : "Create"}</Button>
      </DialogFooter>
    </form>
  );
}

/** Writes the connection, or, where an attempt before has made it, writes it anew. */
async function write(there: string | null, name: string, spec: Record<string, unknown>): Promise<void> {
  if (there === null) {
    await data(api.POST("/api/v1/connections", { body: { name, spec } }));
    return;
  }
  const { revision, labels } = await data(api.GET("/api/v1/connections/{name}", { params: { path: { name } } }));
  await data(api.PUT("/api/v1/connections/{name}", { params: { path: { name }, header: { "If-Match": `"${String(revision)}"` } }, body: { spec, labels: labels ?? {} } }));
}

/** The address that an application is registered with at the service. */
function RedirectAddress() {
  const address = `${window.location.origin}/oauth/callback`;
  return (
    <Field label="Redirect address" hint="Register it with the application at the service, before you connect.">
      {(ids) => (
        <span className="flex gap-1.5">
          <Input {...ids} readOnly className="min-w-0 flex-1 font-mono text-small" value={address} onFocus={(event) => { event.target.select(); }} />
          <Button className="h-8!" icon={<Copy size={13} />} onClick={() => { void navigator.clipboard.writeText(address).then(() => { toasts.done("Copied"); }); }}>Copy</Button>
        </span>
      )}
    </Field>
  );
}

function NoAccount({ connector, onBack, onClose }: { connector: Connector; onBack: (() => void) | undefined; onClose: () => void }) {
  return (
    <>
      <p className="text-ink-soft">{connector.title} asks for no account: its nodes work without a connection.</p>
      <DialogFooter>
        {onBack === undefined ? null : <Button className="mr-auto" onClick={onBack}>Back to services</Button>}
        <Button look="primary" onClick={onClose}>Done</Button>
      </DialogFooter>
    </>
  );
}

/** What ends a step of a dialog; it stays in sight while the step is scrolled. */
export function DialogFooter({ children }: { children: ReactNode }) {
  return <footer className="sticky -bottom-4 z-10 -mx-5 -mb-4 mt-4 flex justify-end gap-2 border-t bg-raised px-5 py-3">{children}</footer>;
}
