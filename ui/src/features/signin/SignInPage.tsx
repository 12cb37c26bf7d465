import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Fingerprint, LogIn } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf } from "@/api/problem";
import { askPasskey, hasPasskeys, passkeyTrouble } from "@/app/passkey";
import { session } from "@/app/session";
import { Button } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";

import { Card, Or, Trouble } from "./Card";

/** The door. */
export function SignInPage() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { next, refused } = useSearch({ from: "/sign-in" });
  const door = useQuery({ queryKey: ["sign-in"], queryFn: () => data(api.GET("/api/v1/sign-in")) });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [token, setToken] = useState("");
  const [byToken, setByToken] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<string | null>(refused ?? null);
  useEffect(() => {
    document.title = "Sign in · Fishplate";
  }, []);

  const enter = async (way: string, how: () => Promise<void>): Promise<void> => {
    setBusy(way);
    setTrouble(null);
    try {
      await how();
      client.clear();
      await navigate({ to: next });
    } catch (error) {
      setTrouble(passkeyTrouble(error) ?? sentenceOf(problemOf(error)));
    } finally {
      setBusy(null);
    }
  };
  const byPassword = (event: FormEvent): void => {
    event.preventDefault();
    if (email.trim() === "" || password === "") {
      setTrouble("give your address and your password");
      return;
    }
    void enter("password", async () => {
      session.begun((await data(api.POST("/api/v1/sign-in/password", { body: { email, password } }))).csrf);
    });
  };
  const byPasskey = (): void => {
    void enter("passkey", async () => {
      const answer = await askPasskey(await data(api.POST("/api/v1/sign-in/passkey/begin")));
      session.begun((await data(api.POST("/api/v1/sign-in/passkey", { body: answer }))).csrf);
    });
  };
  const withToken = (event: FormEvent): void => {
    event.preventDefault();
    if (token.trim() === "") {
      setTrouble("paste the token that the server printed when it started");
      return;
    }
    void enter("token", async () => {
      session.useToken(token);
      try {
        await data(api.GET("/api/v1/me"));
      } catch (error) {
        session.expired();
        throw error;
      }
    });
  };
  const depart = async (provider: string): Promise<void> => {
    setBusy(provider);
    setTrouble(null);
    try {
      const { location } = await data(api.POST("/api/v1/sign-in/{provider}/begin", { params: { path: { provider } }, body: { next } }));
      window.location.assign(location);
    } catch (error) {
      setTrouble(sentenceOf(problemOf(error)));
      setBusy(null);
    }
  };

  if (byToken) {
    return (
      <Card title="Sign in with a token" foot="The token is kept in this tab only, and forgotten when it is closed.">
        <form onSubmit={withToken} noValidate className="flex flex-col gap-4">
          <Field label="Access token" error={trouble ?? undefined} hint={<>The first start wrote one to <code className="font-mono">token</code> in the data folder.</>}>
            {(ids) => <Input {...ids} type="password" autoComplete="off" autoFocus value={token} onChange={(event) => { setToken(event.target.value); setTrouble(null); }} />}
          </Field>
          <Button type="submit" look="primary" busy={busy === "token"} className="h-9">Sign in</Button>
        </form>
        <Button look="quiet" onClick={() => { setByToken(false); setTrouble(null); }}>Back to your account</Button>
      </Card>
    );
  }
  const providers = door.data?.providers ?? [];
  return (
    <Card
      title="Sign in"
      lead={door.data?.needsOwner === true ? <>Nobody owns this server yet. Open the link that it printed when it started, or run <code className="font-mono">fishplate owner-link</code>.</> : undefined}
      foot="No account? Whoever runs this server can invite you."
    >
      <form onSubmit={byPassword} noValidate className="flex flex-col gap-4">
        <Field label="Email address">{(ids) => <Input {...ids} type="email" autoComplete="username webauthn" autoFocus value={email} onChange={(event) => { setEmail(event.target.value); }} />}</Field>
        <Field label="Password">{(ids) => <Input {...ids} type="password" autoComplete="current-password" value={password} onChange={(event) => { setPassword(event.target.value); }} />}</Field>
        <Trouble text={trouble} />
        <Button type="submit" look="primary" busy={busy === "password"} className="h-9">Sign in</Button>
      </form>
      <Or />
      <div className="flex flex-col gap-2">
        {hasPasskeys() ? <Button icon={<Fingerprint size={15} />} busy={busy === "passkey"} className="h-9 justify-center" onClick={byPasskey}>Use a passkey</Button> : null}
        {providers.map((provider) => (
          <Button key={provider.name} icon={<LogIn size={15} />} busy={busy === provider.name} className="h-9 justify-center" onClick={() => void depart(provider.name)}>Continue with {provider.title}</Button>
        ))}
        <Button look="quiet" onClick={() => { setByToken(true); setTrouble(null); }}>Use an access token</Button>
      </div>
    </Card>
  );
}
