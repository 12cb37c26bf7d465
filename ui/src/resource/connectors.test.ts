import { expect, test } from "vitest";

import { byCategory, findServices, hostsOf, missingIn, placesOf, secretsOf, settingsOf, specOf, type Account, type Connector, type Draft } from "./connectors";
import type { Schema } from "./schema";

const account = (spec: object = {}, more: Partial<Account> = {}): Account => ({ id: "key", title: "Key", help: "There.", spec: { auth: { type: "bearer" }, settings: {}, hosts: ["api.x.example"], ...spec }, secrets: { token: "Key" }, fillIn: [], consent: false, ...more });
const connector = (name: string, more: Partial<Connector> = {}): Connector => ({ name, title: name, summary: "", docs: "", categories: [], keywords: [], operations: 1, triggers: 0, settings: { type: "object", properties: {} }, accounts: [account()], ...more });
const draft = (more: Partial<Draft> = {}): Draft => ({ name: "x", title: "X", settings: {}, places: {}, secrets: {}, allowPrivate: false, ...more });
const settings = (properties: Record<string, Schema>, required: string[] = []): Schema => ({ type: "object", properties, required });

const SERVICES = [
  connector("slack", { title: "Slack", categories: ["chat"], keywords: ["message"], summary: "Messages of a workspace." }),
  connector("google-sheets", { title: "Google Sheets", categories: ["tables"], keywords: ["spreadsheet"] }),
  connector("hubspot", { title: "HubSpot", categories: ["crm", "marketing"], summary: "Contacts and messages." }),
];

test("a service is found by its name, by what people call it, and by what it is for", () => {
  const found = (wanted: string) => findServices(SERVICES, wanted).map(({ name }) => name);
  expect([found("sla"), found("sheets"), found("googlesheets"), found("spread goog"), found("message"), found("crm"), found("pigeon")]).toEqual([["slack"], ["google-sheets"], ["google-sheets"], ["google-sheets"], ["slack", "hubspot"], ["hubspot"], []]);
});

test("services stand under their first category", () => {
  expect(byCategory(SERVICES).map(({ category, services }) => [category, services.length])).toEqual([["Chat", 1], ["CRM", 1], ["Tables", 1]]);
});

test("hosts follow the settings that make them, and stars that nothing is known of stay", () => {
  const check = (spec: object, fillIn: string[], now: object, expected: string[]) => { expect(hostsOf(account(spec, { fillIn }), now as Record<string, unknown>)).toEqual(expected); };
  check({ hosts: ["*.x.example", "files.x.example"] }, ["/settings/shop"], { shop: "Acme" }, ["acme.x.example", "files.x.example"]);
  check({ hosts: ["*.x.example"] }, ["/settings/shop"], { shop: "acme.x.example/" }, ["*.x.example"]);
  check({ hosts: ["*.x.example"] }, ["/settings/shop", "/settings/team"], { shop: "acme", team: "red" }, ["*.x.example"]);
  check({ hosts: ["chat.x.example"], settings: { server: "https://chat.x.example" } }, [], { server: "https://chat.acme.example:8443/x" }, ["chat.acme.example"]);
  check({ hosts: ["eu.x.example"], settings: { host: "eu.x.example" } }, [], { host: "us.x.example" }, ["us.x.example"]);
  check({ hosts: ["us1.api.x.example"], settings: { region: "us1" } }, [], { region: "eu2" }, ["eu2.api.x.example"]);
  check({ hosts: [] }, ["/settings/url"], { url: "https://shop.acme.example/wp" }, ["shop.acme.example"]);
  check({ hosts: ["api.x.example"], settings: { server: "https://api.x.example" } }, [], { server: "https://api.x.example" }, ["api.x.example"]);
});

test("what an account's own words name is asked for, and what only others need stands apart", () => {
  const service = account({ auth: { type: "oauth2", flow: "jwtBearer", clientId: "", claims: { iss: "{email}" } } }, { fillIn: ["/auth/clientId"] });
  const person = account({ auth: { type: "oauth2", flow: "authorizationCode", clientId: "", tokenUrl: "https://x.example/{tenant}" } }, { fillIn: ["/auth/clientId"] });
  const google = connector("g", { accounts: [person, service], settings: settings({ tenant: { type: "string", default: "common" }, email: { type: "string" }, project: { type: "string" } }) });
  const asked = (of: Account) => { const { asked, more } = settingsOf(google, of); return [Object.keys(asked.properties ?? {}), asked.required, Object.keys(more.properties ?? {})]; };
  expect(asked(service)).toEqual([["email", "project"], ["email"], ["tenant"]]);
  expect(asked(person)).toEqual([["tenant", "project"], [], ["email"]]);
  expect(placesOf(service)).toEqual([]);
  expect(placesOf(person)).toEqual([{ pointer: "/auth/clientId", label: "Client id" }]);
});

test("a spec has what was filled in at its places, and no secret", () => {
  const basic = account({ auth: { type: "basic", username: "" }, hosts: ["*.x.example"], connector: "x" }, { fillIn: ["/auth/username", "/settings/shop"], secrets: { password: "API token" } });
  expect(specOf(basic, draft({ title: " Shop ", settings: { shop: " acme " }, places: { "/auth/username": "ada" }, secrets: { password: "s3cret" } }))).toEqual({ auth: { type: "basic", username: "ada" }, hosts: ["acme.x.example"], connector: "x", title: "Shop", settings: { shop: "acme" } });
  expect(specOf(basic, draft({ allowPrivate: true }))["allowPrivate"]).toBe(true);
});

test("what is missing is told at its field", () => {
  const own = account({ auth: { type: "basic", username: "" } }, { fillIn: ["/auth/username", "/settings/url"], secrets: { password: "API token" } });
  const shop = connector("shop", { accounts: [own], settings: settings({ url: { type: "string", examples: ["https://shop.example.com"] } }, ["url"]) });
  const at = (more: Partial<Draft>) => missingIn(shop, own, draft(more)).map(({ pointer }) => pointer);
  expect(at({ name: "" })).toEqual(["/name", "/spec/settings/url", "/spec/auth/username", "/secrets/password"]);
  const filled = { places: { "/auth/username": "ada" }, secrets: { password: "x" } };
  expect(at({ ...filled, settings: { url: "https://shop.acme.example" } })).toEqual([]);
  expect(missingIn(shop, own, draft({ ...filled, settings: { url: "shop.acme.example" } }))[0]?.detail).toBe("an address is expected, such as `https://shop.example.com`");
});

test("an application that proves itself by PKCE may have no secret", () => {
  const oauth = (pkce: boolean) => secretsOf(account({ auth: { type: "oauth2", flow: "authorizationCode", pkce } }, { secrets: { clientSecret: "Client secret" } }))[0]?.optional;
  expect([oauth(true), oauth(false)]).toEqual([true, false]);
});
