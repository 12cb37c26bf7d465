//! Passkeys in the browser: bytes travel as base64url.

export interface Ceremony {
  publicKey: unknown;
}

/** Whether this page may ask for passkeys at all: only by name, and only where nobody can listen. */
export const hasPasskeys = (): boolean => typeof PublicKeyCredential !== "undefined" && window.isSecureContext && navigator.credentials !== undefined;

/** Has an authenticator make a passkey. */
export async function makePasskey(ceremony: Ceremony): Promise<{ clientData: string; attestation: string }> {
  const asked = ceremony.publicKey as { challenge: string; user: { id: string }; excludeCredentials: { id: string }[] };
  const options = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: asked.excludeCredentials.map((known) => ({ ...known, id: bytes(known.id) })),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey: options })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return { clientData: text(response.clientDataJSON), attestation: text(response.attestationObject) };
}

/** Has an authenticator answer for a passkey that it keeps. */
export async function askPasskey(ceremony: Ceremony, signal?: AbortSignal): Promise<{ id: string; clientData: string; authenticatorData: string; signature: string }> {
  const asked = ceremony.publicKey as { challenge: string };
  const options = { ...asked, challenge: bytes(asked.challenge) } as unknown as PublicKeyCredentialRequestOptions;
  const got = (await navigator.credentials.get({ publicKey: options, ...(signal === undefined ? {} : { signal }) })) as PublicKeyCredential;
  const response = got.response as AuthenticatorAssertionResponse;
  return {
    id: text(got.rawId),
    clientData: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
  };
}

/** What a browser says when somebody turns away, in words. */
export function passkeyTrouble(error: unknown): string | null {
  if (!(error instanceof DOMException)) return null;
  if (error.name === "NotAllowedError") return "no passkey was used: it was cancelled, or took too long";
  if (error.name === "InvalidStateError") return "this device has a passkey for your account already";
  if (error.name === "SecurityError") return "passkeys work only at the server’s own name, by https or on localhost";
  return error.message;
}

export function bytes(base64url: string): ArrayBuffer {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

export function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
