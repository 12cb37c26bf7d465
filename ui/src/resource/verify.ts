import type { Signing } from "./deliveries";

/** How a receiver checks what came, in a language. */
export interface Snippet {
  language: "JavaScript" | "Python" | "Go";
  /** What has to be installed; none when the language brings it along. */
  install: string | null;
  code: string;
}

/** Code that checks messages. The key is read from the environment: it belongs into no source. */
export function snippetsOf(signing: Signing): readonly Snippet[] {
  return signing === "ed25519" ? ED25519 : HMAC;
}

const HMAC: readonly Snippet[] = [
  {
    language: "JavaScript",
    install: "npm install standardwebhooks",
    code: `import { Webhook } from "standardwebhooks";

// whsec_…
const webhook = new Webhook(process.env.WEBHOOK_KEY);

// body: the text as it came, before any JSON was read.
// Throws when it is not ours.
export function verify(headers, body) {
  return webhook.verify(body, headers);
}`,
  },
  {
    language: "Python",
    install: "pip install standardwebhooks",
    code: `import os
from standardwebhooks.webhooks import Webhook

# whsec_…
webhook = Webhook(os.environ["WEBHOOK_KEY"])

# body: the bytes as they came, before any JSON was read.
# Raises when it is not ours.
def verify(headers, body):
    return webhook.verify(body, dict(headers))`,
  },
  {
    language: "Go",
    install: "go get github.com/standard-webhooks/standard-webhooks/libraries",
    code: `package hooks

import (
	"io"
	"net/http"
	"os"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func Receive(w http.ResponseWriter, r *http.Request) {
	// whsec_…
	webhook, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_KEY"))
	if err != nil {
		http.Error(w, "no key", http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || webhook.Verify(body, r.Header) != nil {
		http.Error(w, "not ours", http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusNoContent) // taken
}`,
  },
];

const ED25519: readonly Snippet[] = [
  {
    language: "JavaScript",
    install: null,
    code: `import { createPublicKey, verify as check } from "node:crypto";

const raw = Buffer.from(process.env.WEBHOOK_KEY.slice("whpk_".length), "base64");
const jwk = { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
const key = createPublicKey({ key: jwk, format: "jwk" });

// body: the text as it came, before any JSON was read
export function verify(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures } = headers;
  const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 300;
  const signed = Buffer.from(\`\${id}.\${at}.\${body}\`);
  const good = signatures.split(" ").some((one) =>
    one.startsWith("v1a,") && check(null, signed, key, Buffer.from(one.slice(4), "base64")));
  if (!fresh || !good) throw new Error("not ours");
  return JSON.parse(body);
}`,
  },
  {
    language: "Python",
    install: "pip install cryptography",
    code: `import base64, json, os, time
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

raw = base64.b64decode(os.environ["WEBHOOK_KEY"].removeprefix("whpk_"))
key = Ed25519PublicKey.from_public_bytes(raw)

# body: the bytes as they came, before any JSON was read
def verify(headers, body):
    message_id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        raise ValueError("too old")
    signed = f"{message_id}.{at}.".encode() + body
    for one in headers["webhook-signature"].split():
        version, _, signature = one.partition(",")
        if version != "v1a":
            continue
        try:
            key.verify(base64.b64decode(signature), signed)
            return json.loads(body)
        except InvalidSignature:
            pass
    raise ValueError("not ours")`,
  },
  {
    language: "Go",
    install: null,
    code: `package hooks

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Verify checks a body as it came, before any JSON was read.
func Verify(headers http.Header, body []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_KEY"), "whpk_"))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return errors.New("no key")
	}
	id, at := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("too old")
	}
	signed := append([]byte(id+"."+at+"."), body...)
	for _, one := range strings.Fields(headers.Get("webhook-signature")) {
		signature, found := strings.CutPrefix(one, "v1a,")
		if !found {
			continue
		}
		if raw, err := base64.StdEncoding.DecodeString(signature); err == nil && ed25519.Verify(key, signed, raw) {
			return nil
		}
	}
	return errors.New("not ours")
}`,
  },
];
