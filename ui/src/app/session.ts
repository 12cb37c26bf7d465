import { keptIn } from "@/api/kept";

/**
 * Who is signed in, and how requests prove it. The one place that knows: a browser session, whose cookie no script can
 * read, or an API token that is kept for this tab only.
 */
const TOKEN = "fishplate.token";
/** Says that this browser had a session when it was last here, so that it need not be asked for in vain. */
const HINT = "fishplate.session";

type State =
  | { readonly is: "nobody" }
  | { readonly is: "token"; readonly token: string }
  /** `csrf` proves to the server that a request comes from our own pages. */
  | { readonly is: "session"; readonly csrf: string };

type Listener = () => void;
const listeners = new Set<Listener>();
const tab = keptIn("sessionStorage");
const browser = keptIn("localStorage");
const kept = tab.read(TOKEN);
let state: State = kept === null ? { is: "nobody" } : { is: "token", token: kept };
let asked: Promise<void> | null = null;

function become(next: State): void {
  state = next;
  if (next.is === "token") tab.write(TOKEN, next.token);
  else tab.drop(TOKEN);
  if (next.is === "session") browser.write(HINT, "1");
  else browser.drop(HINT);
  listeners.forEach((listener) => {
    listener();
  });
}

export const session = {
  /** Whether requests carry credentials; whether they are good is for the server to say. */
  get signedIn(): boolean {
    return state.is !== "nobody";
  },

  /** Whether a person has signed in, and not a token: only they have an account of their own. */
  get isPerson(): boolean {
    return state.is === "session";
  },

  /** Finds out whether this browser still has a session, once for each time that the app is opened. */
  find(): Promise<void> {
    asked ??= state.is === "nobody" ? look() : Promise.resolve();
    return asked;
  },

  /** A session has begun, or goes on under another secret. */
  begun(csrf: string): void {
    become({ is: "session", csrf });
  },

  /** Keeps a token until the tab is closed. */
  useToken(text: string): void {
    become({ is: "token", token: text.trim() });
  },

  /** Ends what there is. The server is told where it knows of it. */
  async signOut(): Promise<void> {
    if (state.is === "session") {
      try {
        await fetch("/api/v1/me/sign-out", { method: "POST", headers: session.headers() });
      } catch {
        // Without a connection the cookie stays; the session page of another device can end it.
      }
    }
    become({ is: "nobody" });
  },

  /** The server no longer takes the credentials. */
  expired(): void {
    if (state.is !== "nobody") become({ is: "nobody" });
  },

  headers(): Record<string, string> {
    if (state.is === "token") return { authorization: `Bearer ${state.token}` };
    return state.is === "session" ? { "fishplate-csrf": state.csrf } : {};
  },

  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** A cookie cannot be seen, so the server is asked; with no sign of one, in words that are no refusal. */
async function look(): Promise<void> {
  try {
    if (browser.read(HINT) === null) {
      const door = (await (await fetch("/api/v1/sign-in")).json()) as { signedIn?: boolean };
      if (door.signedIn !== true) return;
    }
    const answer = await fetch("/api/v1/me");
    if (!answer.ok) {
      browser.drop(HINT);
      return;
    }
    const me = (await answer.json()) as { csrf?: string };
    if (me.csrf !== undefined) become({ is: "session", csrf: me.csrf });
  } catch {
    // The server is away. The sign-in page says so when somebody tries.
    asked = null;
  }
}
