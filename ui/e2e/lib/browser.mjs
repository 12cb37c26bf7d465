//! A browser that writes down what goes wrong on its pages.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const failures = fileURLToPath(new URL("../failures", import.meta.url));

/** How long something on a page may take to come; only a failing test waits that long. */
const PATIENCE = 15_000;

export class Browser {
  #inner;
  #cache;
  #contexts = [];

  static async begin() {
    const browser = new Browser();
    // Chromium keeps shader and font caches below these, not below its profile.
    browser.#cache = await mkdtemp(join(tmpdir(), "fishplate-browser-"));
    browser.#inner = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: FLAGS,
      env: { ...process.env, XDG_CACHE_HOME: browser.#cache, XDG_CONFIG_HOME: browser.#cache },
    });
    return browser;
  }

  /** A page of its own cookies and storage; with a token, or with the cookie of a session, it is signed in. */
  async page({ token, cookie, theme = "light", width = 1440, height = 900 } = {}) {
    const context = await this.#inner.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE);
    this.#contexts.push(context);
    if (cookie !== undefined) await context.addCookies([cookie]);
    if (token !== undefined) await context.addInitScript((text) => sessionStorage.setItem("fishplate.token", text), token);
    const page = await context.newPage();
    page.faults = [];
    page.said = [];
    page.on("console", (message) => {
      page.said.push(`${message.type()}: ${message.text()}`);
      if (message.type() === "error") page.faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => page.faults.push(`thrown: ${error.stack ?? error}`));
    page.on("requestfailed", (request) => {
      // The app itself ends what it no longer needs, its streams above all.
      if (request.failure()?.errorText !== "net::ERR_ABORTED") page.faults.push(`request: ${request.method()} ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on("response", (answer) => {
      if (answer.status() >= 400) page.faults.push(`answer: ${answer.status()} ${answer.request().method()} ${answer.url()}`);
    });
    return page;
  }

  /** A context of its own for pages that are not the app's; who asks for it closes it. */
  async context(options) {
    const context = await this.#inner.newContext({ reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(PATIENCE);
    return context;
  }

  /** Closes all pages; of a failed test, keeps what they showed and said. */
  async settle(name, failed) {
    if (failed) await mkdir(failures, { recursive: true });
    for (const [index, context] of this.#contexts.entries()) {
      for (const page of failed ? context.pages() : []) {
        const file = join(failures, `${name.replace(/[^a-z0-9]+/gi, "-")}-${index}`);
        await page.screenshot({ path: `${file}.png` }).catch(() => {});
        // Pages that others have opened are not listened to.
        await writeFile(`${file}.log`, [page.url(), "", ...(page.faults ?? []), "", ...(page.said ?? [])].join("\n"));
        console.error(`see ${file}.png and ${file}.log`);
      }
      await context.close();
    }
    this.#contexts = [];
  }

  async end() {
    await this.#inner.close();
    await rm(this.#cache, { recursive: true, force: true });
  }
}
