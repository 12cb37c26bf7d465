//! What tests with a page need before anything of the app is loaded. Tests without one are left as they are.

if (typeof window !== "undefined") {
  const Native = globalThis.Request;
  // A browser takes addresses without a host as its own; Node does not. The API's client keeps the one that it finds.
  globalThis.Request = class extends Native {
    constructor(input: string | URL | Request, init?: RequestInit) {
      super(typeof input === "string" ? new URL(input, location.origin) : input, init);
    }
  };
}
