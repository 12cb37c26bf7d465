import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button } from "@/kit/Button";
import { Field, Input, TextArea } from "@/kit/Field";
import { Badge } from "@/kit/Status";
import { toasts } from "@/kit/toasts";

/** Secret fields of an account, as the server names them. */
function secretFields(auth: Record<string, unknown>): string[] {
  switch (auth["type"]) {
    case "basic":
    case "digest":
      return ["password"];
    case "header":
    case "query":
      return ["value"];
    case "bearer":
      return ["token"];
    case "jwt":
      return ["key"];
    case "oauth2":
      return auth["flow"] === "jwtBearer" ? ["privateKey"] : ["clientSecret"];
    case "awsSigV4":
      return ["accessKeyId", "secretAccessKey", "sessionToken"];
    case "session":
      return sessionSecrets(auth);
    case "keys":
      return ["hmacSecret", "privateKey", "passphrase", "publicKey", "decryptionKey"];
    case "webhook":
      return ["secret", "previousSecret", "verifyToken"];
    case "custom":
      return [
        ...Object.entries({ header: auth["secretHeaders"], query: auth["secretQuery"], body: auth["secretBody"] }).flatMap(([place, names]) => (Array.isArray(names) ? names.map((name) => `${place}.${String(name)}`) : [])),
        ...(Array.isArray(auth["secretParts"]) ? auth["secretParts"].map(String) : []),
      ];
    case "login":
      return loginSecrets(String(auth["protocol"]), (auth["settings"] ?? {}) as Record<string, unknown>);
    default:
      return [];
  }
}

/** Secrets that the requests of a session name. */
function sessionSecrets(auth: Record<string, unknown>): string[] {
  const requests = [auth["login"], auth["logout"]].map((request) => (request ?? {}) as Record<string, unknown>);
  const named = requests.flatMap((request) => [...JSON.stringify(request).matchAll(/\{secret\.([^}]+)\}/g)].map((found) => found[1] ?? ""));
  return [...new Set([...(requests.some((request) => request["basic"] === true) ? ["password"] : []), ...named])].sort();
}

/** Those of the certificate that an account shows. */
function certificateSecrets(tls: unknown): string[] {
  const certificate = (tls as { clientCertificate?: unknown } | null | undefined)?.clientCertificate;
  return typeof certificate === "string" && certificate !== "" ? ["clientKey", "clientKeyPassphrase"] : [];
}

/** What logins of a protocol may want; the service decides which of them. */
function loginSecrets(protocol: string, settings: Record<string, unknown>): string[] {
  const own = protocol === "ssh" || protocol === "sftp" || protocol === "git" ? ["privateKey", "passphrase"] : protocol === "nats" ? ["token"] : [];
  return ["password", ...own, ...(settings["clientCertificate"] === undefined ? [] : ["clientKey"])];
}

/** Secrets of several lines: keys in PEM. */
export const LONG = new Set(["privateKey", "clientKey", "publicKey", "decryptionKey"]);

/** Secrets go in, and never come out. */
export function Secrets({ name, auth }: { name: string; auth: Record<string, unknown> }) {
  const resource = useQuery({ queryKey: ["connection", name], queryFn: () => data(api.GET("/api/v1/connections/{name}", { params: { path: { name } } })) });
  const spec = resource.data?.spec as { secrets?: string[]; tls?: unknown } | undefined;
  const set = spec?.secrets ?? [];
  const fields = [...new Set([...secretFields(auth), ...certificateSecrets(spec?.tls), ...set])];
  return (
    <div className="flex flex-col gap-4">
      {fields.map((field) => <SecretField key={field} name={name} field={field} isSet={set.includes(field)} />)}
      {fields.length === 0 ? <p className="text-ink-soft">This kind of account has none.</p> : null}
    </div>
  );
}

function SecretField({ name, field, isSet }: { name: string; field: string; isSet: boolean }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const path = { params: { path: { name, field } } };
  const done = (said: string) => ({
    onSuccess: () => {
      setText("");
      toasts.done(said);
    },
    onError: (error: unknown) => { toasts.failed("The secret stays as it was", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["connection"] }),
  });
  const put = useMutation({ mutationFn: () => data(api.PUT("/api/v1/connections/{name}/secrets/{field}", { ...path, body: { value: text } })), ...done(`${field} is set`) });
  const drop = useMutation({ mutationFn: () => data(api.DELETE("/api/v1/connections/{name}/secrets/{field}", path)), ...done(`${field} is gone`) });
  return (
    <Field label={field} action={isSet ? <Badge tone="good">set</Badge> : <Badge tone="wait">not set</Badge>} hint="It is never shown again.">
      {(ids) => (
        <span className="flex gap-1.5">
          {LONG.has(field) ? (
            <TextArea {...ids} rows={3} autoComplete="off" spellCheck={false} value={text} placeholder={isSet ? "Paste to replace it" : "-----BEGIN …"} onChange={(event) => { setText(event.target.value); }} />
          ) : (
            <Input {...ids} type="password" autoComplete="off" value={text} placeholder={isSet ? "Type to replace it" : ""} onChange={(event) => { setText(event.target.value); }} />
          )}
          <Button className="h-8!" busy={put.isPending} refused={text === "" ? "Type a value first" : undefined} onClick={() => { put.mutate(); }}>Set</Button>
          {isSet ? <Button className="h-8!" look="danger" busy={drop.isPending} onClick={() => { drop.mutate(); }}>Drop</Button> : null}
        </span>
      )}
    </Field>
  );
}
