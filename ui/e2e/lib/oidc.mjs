//! A real OpenID Connect provider on loopback: the certified `oidc-provider` with its own sign-in pages.

import { createServer } from "node:http";

import { Provider } from "oidc-provider";

/** Starts one that knows a client and anybody who signs in; `people` tells what it says of each. */
export async function provider({ redirectUri, people }) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const secret = "a secret that nobody may see in any answer";
  const made = new Provider(issuer, {
    clients: [{ client_id: "fishplate", client_secret: secret, redirect_uris: [redirectUri], token_endpoint_auth_method: "client_secret_basic" }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    pkce: { required: () => true },
    cookies: { keys: ["loopback"] },
  });
  server.on("request", made.callback());
  return {
    issuer,
    secret,
    end: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** Signs in on the provider's own pages, and consents. */
export async function consent(page, who) {
  await page.locator('input[name="login"]').fill(who);
  await page.locator('input[name="password"]').fill("anything");
  await page.locator('button[type="submit"]').click();
  await page.getByRole("button", { name: "Continue" }).click();
}
