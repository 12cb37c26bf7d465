/**
 * Who is signed in, and how requests prove it. The one place that knows: a browser session by cookie, or an API token
 * that is kept for this tab only.
 */
const KEY = "fishplate.token";

type Listener = () => void;
const listeners = new Set<Listener>();
let token: string | null = globalThis.sessionStorage?.getItem(KEY) ?? null;

function changed(): void {
  listeners.forEach((listener) => {
    listener();
  });
}

export const session = {
  /** Whether requests carry credentials; whether they are good is for the server to say. */
  get signedIn(): boolean {
    return token !== null;
  },

  /** Keeps a token until the tab is closed. */
  signIn(text: string): void {
    token = text.trim();
    sessionStorage.setItem(KEY, token);
    changed();
  },

  signOut(): void {
    token = null;
    sessionStorage.removeItem(KEY);
    changed();
  },

  /** The server no longer takes the credentials. */
  expired(): void {
    if (token !== null) session.signOut();
  },

  headers(): Record<string, string> {
    return token === null ? {} : { authorization: `Bearer ${token}` };
  },

  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
