import { generateKeyPairSync, sign } from "node:crypto";

import { expect, test } from "vitest";

import { snippetsOf } from "./verify";

type Verify = (headers: Record<string, string>, body: string) => unknown;

/** The JavaScript that people are shown, loaded with a key in its environment. */
async function load(code: string, key: string): Promise<Verify> {
  process.env["WEBHOOK_KEY"] = key;
  const found = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as { verify: Verify };
  return found.verify;
}

test("the code for public keys takes what was signed, and nothing that was changed, is old, or is signed otherwise", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const code = snippetsOf("ed25519").find(({ language }) => language === "JavaScript")?.code ?? "";
  const verify = await load(code, `whpk_${raw.toString("base64")}`);
  const body = '{"type":"invoice.paid","data":{"id":7}}';
  const headers = (at: number, version = "v1a") => ({
    "webhook-id": "msg_1",
    "webhook-timestamp": String(at),
    "webhook-signature": `v1a,AAAA ${version},${sign(null, Buffer.from(`msg_1.${String(at)}.${body}`), privateKey).toString("base64")}`,
  });
  const now = Math.floor(Date.now() / 1000);
  expect(verify(headers(now), body)).toEqual({ type: "invoice.paid", data: { id: 7 } });
  expect(() => verify(headers(now), body.replace("7", "8"))).toThrow("not ours");
  expect(() => verify(headers(now - 3600), body)).toThrow("not ours");
  expect(() => verify(headers(now, "v1"), body)).toThrow("not ours");
});

test.each(["hmac", "ed25519"] as const)("for %s there is code in every language, and none has a key in it", (signing) => {
  const snippets = snippetsOf(signing);
  expect(snippets.map(({ language }) => language)).toEqual(["JavaScript", "Python", "Go"]);
  snippets.forEach(({ code }) => { expect(code).toContain("WEBHOOK_KEY"); });
});
