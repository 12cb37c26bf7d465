import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { api, data } from "@/api/client";
import { problemOf } from "@/api/problem";
import { Mark } from "@/app/Mark";
import { session } from "@/app/session";
import { Button } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";

/** The door. */
export function SignInPage() {
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (token.trim() === "") {
      setError("paste the token that the server printed when it started");
      return;
    }
    setBusy(true);
    session.signIn(token);
    try {
      await data(api.GET("/api/v1/me"));
      await navigate({ to: next });
    } catch (thrown) {
      session.signOut();
      const problem = problemOf(thrown);
      const hint = problem.hint ?? (problem.status === 401 ? "Take the one in the file “token” of the data folder, or ask who runs this server for a new one." : null);
      setError([problem.detail, hint].filter(Boolean).join(" – "));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="flex h-full flex-col items-center justify-center gap-6 p-6">
      <div className="flex items-center gap-2.5">
        <Mark size={30} />
        <h1 className="text-display font-semibold tracking-tight">Fishplate</h1>
      </div>
      <form onSubmit={(event) => void submit(event)} noValidate className="flex w-full max-w-sm flex-col gap-4 rounded-large border bg-surface p-6 shadow-low">
        <Field
          label="Access token"
          error={error}
          hint={
            <>
              The first start wrote one to <code className="font-mono">token</code> in the data folder.
            </>
          }
        >
          {(ids) => (
            <Input {...ids} type="password" autoComplete="current-password" autoFocus value={token} onChange={(event) => { setToken(event.target.value); setError(undefined); }} />
          )}
        </Field>
        <Button type="submit" look="primary" busy={busy} className="h-9">
          Sign in
        </Button>
      </form>
      <p className="max-w-sm text-center text-small text-ink-faint">The token is kept in this tab only, and forgotten when it is closed.</p>
    </main>
  );
}
