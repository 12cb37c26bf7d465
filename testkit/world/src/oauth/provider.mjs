// A certified provider with people who always consent, a resource that its tokens open, and a few levers for tests.
// Arguments: port, folder of modules, redirect address, seconds that tokens live.
import { createServer } from "node:http";

const [port, modules, redirectUri, lifetime] = process.argv.slice(2);
const { Provider } = await import(`${modules}/oidc-provider/lib/index.js`);

const issuer = `http://127.0.0.1:${port}`;
const grants = new Set();
const shown = new Set();
const counts = {};
let silent = false;

const confidential = { client_secret: "a client secret that nobody may see", token_endpoint_auth_method: "client_secret_post" };
const provider = new Provider(issuer, {
  clients: [
    { client_id: "web", ...confidential, redirect_uris: [redirectUri], grant_types: ["authorization_code", "refresh_token"] },
    { client_id: "robot", ...confidential, token_endpoint_auth_method: "client_secret_basic", redirect_uris: [], response_types: [], grant_types: ["client_credentials"] },
    { client_id: "tv", token_endpoint_auth_method: "none", redirect_uris: [], response_types: [], grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"] },
  ],
  scopes: ["orders", "offline_access"],
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
    devInteractions: { enabled: false },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  expiresWithSession: () => false,
  ttl: { AccessToken: Number(lifetime), ClientCredentials: Number(lifetime), RefreshToken: 86400, DeviceCode: 600 },
  cookies: { keys: ["loopback"] },
});
provider.on("grant.success", (context) => {
  const id = context.oidc.entities.Grant?.jti;
  if (id) grants.add(id);
});
provider.on("access_token.saved", (token) => shown.add(token.jti));

/** Ada signs in and allows everything. */
async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  const { prompt, params, session } = details;
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "ada" } });
  }
  const grant = details.grantId ? await provider.Grant.find(details.grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? "");
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

/** A browser that has no cookies yet; stops where `until` says. */
function browser() {
  const jar = new Map();
  return async (address, until, init = {}) => {
    for (let hops = 0; hops < 20; hops += 1) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(address, { ...init, redirect: "manual", headers: { ...init.headers, cookie, accept: "text/html" } });
      for (const line of answer.headers.getSetCookie()) {
        const [pair] = line.split(";");
        const at = pair.indexOf("=");
        jar.set(pair.slice(0, at), pair.slice(at + 1));
      }
      const next = answer.headers.get("location");
      if (!next) return { status: answer.status, text: await answer.text() };
      address = new URL(next, address).href;
      if (until(address)) return { location: address };
      init = {};
    }
    throw new Error("it leads in circles");
  };
}

/** Types a code in on another device, and consents. */
async function approve(code) {
  const open = browser();
  const post = (form) => ({ method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(form) });
  const first = await open(`${issuer}/device`, () => false);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(first.text)[1];
  await open(`${issuer}/device`, () => false, post({ xsrf, user_code: code }));
  return open(`${issuer}/device`, () => false, post({ xsrf, user_code: code, confirm: "yes" }));
}

async function orders(request) {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  const known = token && ((await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token)));
  return known?.isValid ? [200, { orders: [1, 2, 3] }] : [401, { error: "invalid_token" }];
}

async function lever(url) {
  switch (url.pathname) {
    case "/test/consent":
      return browser()(url.searchParams.get("to"), (address) => address.startsWith(redirectUri));
    case "/test/approve":
      return approve(url.searchParams.get("code"));
    case "/test/counts":
      return counts;
    case "/test/silent":
      silent = url.searchParams.get("on") === "true";
      return {};
    case "/test/end-access":
      for (const token of shown) await (await provider.AccessToken.find(token))?.destroy();
      shown.clear();
      return {};
    case "/test/revoke":
      for (const id of grants) {
        await provider.RefreshToken.revokeByGrantId(id);
        await (await provider.Grant.find(id))?.destroy();
      }
      grants.clear();
      return {};
    default:
      return undefined;
  }
}

const say = (response, status, value) => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
};
createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname.startsWith("/interaction/")) return await interact(request, response);
    if (url.pathname === "/orders") return say(response, ...(await orders(request)));
    if (url.pathname.startsWith("/test/")) return say(response, 200, (await lever(url)) ?? null);
    if (url.pathname === "/token") {
      const parts = [];
      for await (const part of request) parts.push(part);
      request.body = Buffer.concat(parts).toString();
      const kind = new URLSearchParams(request.body).get("grant_type");
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (silent) return say(response, 503, { error: "temporarily_unavailable" });
    }
    return provider.callback()(request, response);
  } catch (error) {
    console.error(error);
    if (!response.headersSent) say(response, 500, { error: String(error) });
  }
}).listen(Number(port), "127.0.0.1");
