import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { LogIn } from "lucide-react";
import { useEffect, useState, type FormEvent } from "react";

import { api, data } from "@/api/client";
import { problemOf, sentenceOf, type Problem } from "@/api/problem";
import { session } from "@/app/session";
import { Button } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";
import { Skeleton } from "@/kit/States";
import { Time } from "@/kit/Time";

import { Card, Or, Trouble } from "./Card";

const TITLES: Record<string, string> = { owner: "Become the owner", invite: "Join", reset: "Set a new password" };

/** Where one-time links lead. The secret stands behind the hash, which no browser sends to anybody. */
export function JoinPage() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [secret] = useState(() => window.location.hash.slice(1));
  const link = useQuery({ queryKey: ["link"], queryFn: () => data(api.POST("/api/v1/links/look", { body: { secret } })), staleTime: Infinity, gcTime: 0 });
  const door = useQuery({ queryKey: ["sign-in"], queryFn: () => data(api.GET("/api/v1/sign-in")) });
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const purpose = link.data?.purpose ?? "invite";
  useEffect(() => {
    document.title = `${TITLES[purpose] ?? "Join"} · Fishplate`;
  }, [purpose]);

  const accept = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy("password");
    setProblem(null);
    try {
      const body = { secret, password, ...(link.data?.email === "" ? { email } : {}), ...(purpose === "reset" || name === "" ? {} : { name }) };
      const made = await data(api.POST("/api/v1/links/accept", { body }));
      session.begun(made.csrf);
      await navigate({ to: "/", hash: "" });
      await client.invalidateQueries();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(null);
    }
  };
  const depart = async (provider: string): Promise<void> => {
    setBusy(provider);
    setProblem(null);
    try {
      const { location } = await data(api.POST("/api/v1/sign-in/{provider}/begin", { params: { path: { provider } }, body: { link: secret } }));
      window.location.assign(location);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(null);
    }
  };

  if (link.isPending) return <Card title="One moment"><Skeleton lines={3} /></Card>;
  if (link.isError) {
    const refusal = problemOf(link.error);
    return (
      <Card title="This link opens nothing">
        <Trouble text={sentenceOf(refusal)} />
        <Link to="/sign-in" search={{ next: "/" }} className="text-plate underline">To the sign-in page</Link>
      </Card>
    );
  }
  const { data: known } = link;
  const roles = known.rules.map((rule) => `${rule.role}${rule.workspace == null ? "" : ` in ${rule.workspace}`}${rule.environment == null ? "" : `/${rule.environment}`}`).join(", ");
  const at = (pointer: string): string | undefined => (problem?.pointer === pointer ? problem.detail : undefined);
  const general = problem !== null && !["/email", "/password", "/name"].includes(problem.pointer ?? "") ? sentenceOf(problem) : null;
  const providers = purpose === "reset" ? [] : (door.data?.providers ?? []);
  return (
    <Card
      title={TITLES[purpose] ?? "Join"}
      lead={purpose === "owner" ? "Whoever owns the server may do everything, and lets others in." : purpose === "invite" ? `You are invited as ${roles}.` : `For ${known.email}. All other sessions end.`}
      foot={<>The link works once, and ends <Time at={known.expiresAt} />.</>}
    >
      <form onSubmit={(event) => void accept(event)} noValidate className="flex flex-col gap-4">
        {known.email === "" ? (
          <Field label="Email address" error={at("/email")}>{(ids) => <Input {...ids} type="email" autoComplete="username" autoFocus value={email} onChange={(event) => { setEmail(event.target.value); }} />}</Field>
        ) : (
          <Field label="Email address">{(ids) => <Input {...ids} type="email" autoComplete="username" value={known.email} readOnly />}</Field>
        )}
        {purpose === "reset" ? null : (
          <Field label="Your name" error={at("/name")}>{(ids) => <Input {...ids} autoComplete="name" value={name} onChange={(event) => { setName(event.target.value); }} />}</Field>
        )}
        <Field label="Password" error={at("/password")} hint="At least 12 characters. A few words that nobody puts together do well.">
          {(ids) => <Input {...ids} type={shown ? "text" : "password"} autoComplete="new-password" value={password} onChange={(event) => { setPassword(event.target.value); }} />}
        </Field>
        <label className="-mt-2 flex items-center gap-2 text-small text-ink-soft"><input type="checkbox" checked={shown} onChange={(event) => { setShown(event.target.checked); }} /> Show the password</label>
        <Trouble text={general} />
        <Button type="submit" look="primary" busy={busy === "password"} refused={password === "" ? "Choose a password first" : undefined} className="h-9">{purpose === "reset" ? "Set the password" : "Create the account"}</Button>
      </form>
      {providers.length === 0 ? null : (
        <>
          <Or />
          {providers.map((provider) => (
            <Button key={provider.name} icon={<LogIn size={15} />} busy={busy === provider.name} className="h-9 justify-center" onClick={() => void depart(provider.name)}>Continue with {provider.title}</Button>
          ))}
        </>
      )}
    </Card>
  );
}
