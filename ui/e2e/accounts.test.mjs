import assert from "node:assert/strict";

import { placeIn } from "./lib/pages.mjs";
import { consent, provider } from "./lib/oidc.mjs";
import { world } from "./lib/world.mjs";

const check = world({ seeded: false });
const PASSWORD = "nine green bottles hang";

/** Where browsers have passkeys: they know sites by name. */
const named = (server) => server.app.replace("127.0.0.1", "localhost");

/** A page of somebody who is nobody yet. */
const stranger = async (browser, address) => {
  const page = await browser.page();
  await page.goto(address);
  return page;
};

const home = (page) => page.waitForURL((url) => placeIn(url) === "/");
const join = async (page, { email, name }) => {
  if (email !== undefined) await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create the account" }).click();
  await home(page);
};
const signIn = async (page, email, password) => {
  await page.getByLabel("Email address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
};
const signOut = async (page) => {
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Where to, or what to do?").fill("sign out");
  await page.getByRole("option", { name: "Sign out", selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
};

/** A new owner, made by a link as the command line makes them. */
const owner = async ({ server, browser }, email, name) => {
  const { url } = await server.api("/users/owner-link", { method: "POST" });
  const link = new URL(url);
  const page = await stranger(browser, `${named(server)}/join${link.hash}`);
  await join(page, { email, name });
  return page;
};

check("the link that the first start prints makes the owner, who comes back by password", async ({ server, browser }) => {
  const link = /http\S+\/join#(fpl_[a-z0-9]+)/.exec(server.log);
  assert.ok(link, server.log);
  const page = await stranger(browser, `${named(server)}/join#${link[1]}`);
  await page.getByRole("heading", { name: "Become the owner" }).waitFor();
  await page.getByLabel("Email address").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill("ada.example");
  await page.getByRole("button", { name: "Create the account" }).click();
  assert.match(await page.getByRole("alert").innerText(), /at least 12 characters/);
  await join(page, { email: "ada@example.com", name: "Ada" });
  assert.ok(!page.url().includes("fpl_"), "the secret leaves the address");
  // The cookie outlives the page, and no script sees it.
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(placeIn(new URL(page.url())), "/");
  assert.equal(await page.evaluate(() => document.cookie), "");
  await signOut(page);
  await signIn(page, "ada@example.com", PASSWORD);
  await home(page);
  const used = await stranger(browser, `${named(server)}/join#${link[1]}`);
  await used.getByRole("heading", { name: "This link opens nothing" }).waitFor();
  assert.match(await used.getByRole("alert").innerText(), /owner-link/);
});

check("twenty wrong passwords: refused, then slowed down, in words that say how long", async ({ server, browser }) => {
  const page = await stranger(browser, `${named(server)}/sign-in`);
  const said = new Set();
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const answered = page.waitForResponse((answer) => answer.url().endsWith("/sign-in/password"));
    await signIn(page, "mallory@example.com", `wrong password ${attempt}`);
    await answered;
    said.add((await page.getByRole("alert").innerText()).replaceAll(/\d+/g, "N"));
  }
  assert.ok([...said].some((text) => text.includes("not right")), [...said].join("\n"));
  assert.ok([...said].some((text) => /try again in N s/.test(text)), [...said].join("\n"));
  assert.equal(await page.getByLabel("Email address").inputValue(), "mallory@example.com", "nothing typed is lost");
});

check("a passkey is added, and lets in without a word", async (all) => {
  const page = await owner(all, "grace@example.com", "Grace");
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto(`${named(all.server)}/account`);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByLabel("Name", { exact: true }).fill("laptop");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("row", { name: /laptop/ }).waitFor();
  await signOut(page);
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.waitForURL((url) => placeIn(url) !== "/sign-in");
  const sessions = await page.evaluate(async () => (await (await fetch("/api/v1/me/sessions")).json()).items);
  assert.equal(sessions.find((one) => one.current).method, "passkey");
  // One that does not verify who is there opens nothing.
  await signOut(page);
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(placeIn(new URL(page.url())), "/sign-in");
});

check("an owner invites somebody, who joins, is changed, and is shut out at once", async (all) => {
  const page = await owner(all, "hopper@example.com", "Hopper");
  await page.goto(`${named(all.server)}/people`);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByLabel("Email address").fill("bob@example.com");
  await page.getByLabel("Role 1", { exact: true }).selectOption("viewer");
  await page.getByRole("button", { name: "Make the link" }).click();
  const link = new URL(await page.getByLabel("Copy this").inputValue());
  await page.keyboard.press("Escape");
  const bob = await stranger(all.browser, `${named(all.server)}/join${link.hash}`);
  await bob.getByText("You are invited as viewer").waitFor();
  await join(bob, { name: "Bob" });
  await page.reload();
  await page.getByRole("button", { name: "Acts on Bob" }).click();
  await page.getByRole("menuitem", { name: "Shut out" }).click();
  await page.getByRole("row", { name: /Bob.*shut out/ }).waitFor();
  await bob.goto(`${named(all.server)}/runs`);
  await bob.getByRole("heading", { name: "Sign in" }).waitFor();
  await signIn(bob, "bob@example.com", PASSWORD);
  await bob.getByRole("alert").waitFor();
});

check("people sign in with a provider: newcomers as it was said, others only when they are known", async (all) => {
  const { server, browser } = all;
  const page = await owner(all, "owner@example.com", "Olive");
  const redirectUri = `${server.url}/api/v1/sign-in/house/return`.replace("127.0.0.1", "localhost");
  const people = {
    carol: { email: "carol@example.com", email_verified: true, name: "Carol" },
    dave: { email: "dave@elsewhere.example", email_verified: true, name: "Dave" },
    erin: { email: "erin@example.com", email_verified: false, name: "Erin" },
    olive: { email: "owner@example.com", email_verified: true, name: "Olive" },
  };
  const house = await provider({ redirectUri, people });
  try {
    await page.goto(`${named(server)}/people`);
    await page.getByRole("button", { name: "Add a provider" }).click();
    await page.getByLabel("Name on the sign-in page").fill("House");
    await page.getByLabel("Issuer").fill(`${house.issuer}/wrong`);
    await page.getByLabel("Client id").fill("fishplate");
    await page.getByLabel("Client secret").fill(house.secret);
    await page.getByLabel("Whoever comes for the first time").selectOption("operator");
    await page.getByLabel("Only addresses of these domains").fill("example.com");
    await page.getByRole("button", { name: "Ask it and save" }).click();
    await page.getByText(/cannot be asked/).waitFor();
    await page.getByLabel("Issuer").fill(house.issuer);
    await page.getByRole("button", { name: "Ask it and save" }).click();
    await page.getByRole("row", { name: /House/ }).waitFor();
    assert.ok(!JSON.stringify(await page.evaluate(async () => (await fetch("/api/v1/sign-in/providers")).json())).includes(house.secret));

    const comes = async (who) => {
      const visitor = await stranger(browser, `${named(server)}/sign-in?next=/variables`);
      await visitor.getByRole("button", { name: "Continue with House" }).click();
      await consent(visitor, who);
      await visitor.waitForURL((url) => url.host === new URL(named(server)).host);
      return visitor;
    };
    const carol = await comes("carol");
    await carol.waitForURL((url) => placeIn(url) === "/variables");
    const me = await carol.evaluate(async () => (await fetch("/api/v1/me")).json());
    assert.deepEqual([me.actor, me.rules], ["user:carol@example.com", [{ role: "operator" }]]);
    for (const [who, why] of [["dave", "another domain"], ["erin", "not verified"], ["olive", "an account of that address, and nobody trusts the provider's addresses"]]) {
      const refused = await comes(who);
      assert.match(await refused.getByRole("alert").innerText(), /no account here/, why);
      assert.equal(placeIn(new URL(refused.url())), "/sign-in");
    }
    // Who has an account adds the provider to it, and comes in by it from then on.
    await page.goto(`${named(server)}/account`);
    await page.getByRole("row", { name: /House/ }).getByRole("button", { name: "Add" }).click();
    await consent(page, "olive");
    await page.waitForURL((url) => placeIn(url) === "/account");
    await page.getByRole("row", { name: /House.*olive/ }).waitFor();
    const olive = await comes("olive");
    await olive.waitForURL((url) => placeIn(url) === "/variables");
    // An answer that belongs to no sign-in of this browser opens nothing.
    const planted = await stranger(browser, `${named(server)}/api/v1/sign-in/house/return?code=x&state=y&word_of_its_own=z&iss=${encodeURIComponent(house.issuer)}`);
    await planted.getByRole("alert").waitFor();
    assert.match(await planted.getByRole("alert").innerText(), /no sign-in of this browser/);
  } finally {
    await house.end();
  }
});
