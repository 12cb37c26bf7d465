//! A real server on a free port with a throw-away folder, and the app in front of it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { preview } from "vite";

const ui = fileURLToPath(new URL("../..", import.meta.url));

/** The binary under test; who has built none is told how. */
export function binary() {
  const places = [process.env.FISHPLATE_BIN, join(ui, "../target/release/fishplate"), join(ui, "../target/debug/fishplate")];
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found === undefined) throw new Error("there is no server to test: `cargo build --release --package fishplate`, or set FISHPLATE_BIN");
  return found;
}

/** A port that nobody uses now. A server that is stopped and started again must come back at the same one. */
async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export class Server {
  #folder;
  #port;
  #child = null;
  #preview = null;
  log = "";
  token = "";
  /** Where the API is. */
  url = "";
  /** Where the app is: at the server itself when it has one inside. */
  app = "";

  static async begin() {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), "fishplate-e2e-"));
    server.#port = await freePort();
    server.url = `http://127.0.0.1:${server.#port}`;
    await server.start();
    server.token = (await readFile(join(server.#folder, "token"), "utf8")).trim();
    await server.#serveApp();
    return server;
  }

  /** Starts it and waits until it answers. */
  async start() {
    const child = spawn(binary(), ["up", "--data", this.#folder, "--listen", `127.0.0.1:${this.#port}`, "--private-network"], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const ended = new Promise((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
    });
    ended.catch(() => {});
    const listens = new Promise((resolve) => {
      const heard = (piece) => {
        this.log = (this.log + piece).slice(-20_000);
        if (this.log.includes("listens on")) resolve();
      };
      child.stdout.on("data", heard);
      child.stderr.on("data", heard);
    });
    this.log = "";
    await Promise.race([listens, ended]);
  }

  /** Stops it as an operator would, and waits until it is gone. */
  async stop() {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }

  async end() {
    await this.#preview?.close();
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Asks the API; what is refused is thrown with everything that the server says. */
  async api(path, { method = "GET", body, type = "application/json" } = {}) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": type }) },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  /** Makes an owner who has an account, and gives the cookie of their session. */
  async person(email = "ada@example.com", name = "Ada Lovelace") {
    const { url } = await this.api("/users/owner-link", { method: "POST" });
    const answer = await fetch(`${this.url}/api/v1/links/accept`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ secret: new URL(url).hash.slice(1), email, name, password: "nine green bottles hang" }),
    });
    if (!answer.ok) throw new Error(`no account was made: ${answer.status} ${await answer.text()}`);
    const [pair] = answer.headers.getSetCookie()[0].split(";");
    const [key, ...value] = pair.split("=");
    return { name: key, value: value.join("="), url: this.app };
  }

  /** A link that waits for somebody. */
  async invitation(email) {
    const { url } = await this.api("/users/invite", { method: "POST", body: { email, rules: [{ role: "editor" }] } });
    return new URL(url).hash;
  }

  async #serveApp() {
    const answer = await fetch(this.url, { headers: { accept: "text/html" } });
    // A server that was compiled elsewhere has another app inside: the one that was built here is tested in front of it.
    if (process.env.FISHPLATE_APP !== "built" && answer.ok && (await answer.text()).includes('id="root"')) {
      this.app = this.url;
      return;
    }
    if (!existsSync(join(ui, "dist/index.html"))) throw new Error("the app is not built: `npm run build`");
    process.env.FISHPLATE_URL = this.url;
    this.#preview = await preview({ root: ui, logLevel: "silent", preview: { port: await freePort(), host: "127.0.0.1", strictPort: true } });
    this.app = this.#preview.resolvedUrls.local[0].replace(/\/$/, "");
  }
}
