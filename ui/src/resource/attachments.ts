//! The files of items: what is said of them, where their bytes are, and what of them can be shown. What is in them came
//! from outside, so nothing is shown in a way in which a part of it could run.

import { here, type Scope } from "@/api/scope";

export interface Attachment {
  /** Item that it belongs to, counted from 0. */
  item: number;
  /** Name under which expressions find it. */
  name: string;
  fileName: string | undefined;
  mimeType: string;
  size: number | undefined;
  digest: string | undefined;
  /** Base64 of the content, where it stands in the item itself. */
  data: string | undefined;
}

/** The output whose items are looked at. */
export interface Output {
  run: string;
  step: number;
  port: number;
}

/** Files of an item of the API; none for one that is only content. */
export function attachmentsOf(value: unknown, item: number): Attachment[] {
  if (typeof value !== "object" || value === null || !("json" in value) || !("binary" in value)) return [];
  const { binary } = value;
  if (typeof binary !== "object" || binary === null) return [];
  return Object.entries(binary as Record<string, unknown>).flatMap(([name, file]) => {
    if (typeof file !== "object" || file === null) return [];
    const fields = file as Record<string, unknown>;
    const text = (field: string): string | undefined => (typeof fields[field] === "string" && fields[field] !== "" ? fields[field] : undefined);
    return [{ item, name, fileName: text("fileName"), mimeType: text("mimeType") ?? "application/octet-stream", size: sizeOf(text("data"), fields["size"]), digest: text("blob"), data: text("data") }];
  });
}

/** What stands in the item is counted there; the size that is stated is that of the stored content. */
function sizeOf(data: string | undefined, stated: unknown): number | undefined {
  if (data !== undefined) return Math.floor((data.replace(/=+$/, "").length * 3) / 4);
  return typeof stated === "number" ? stated : undefined;
}

/** Where the bytes of a file are. What fetches them by itself, as a film does, sends no headers, so the scope is named. */
export function addressOf({ run, step, port }: Output, { item, name }: Attachment, { workspace, environment }: Scope = here): string {
  const path = ["runs", run, "steps", step, "files", port, item, name].map((part) => encodeURIComponent(part)).join("/");
  return `/api/v1/${path}?${new URLSearchParams({ workspace, environment }).toString()}`;
}

/** The bytes that stand in the item; none when they are not base64. */
export function bytesOf(data: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export type Preview = { as: "image" | "text" | "audio" | "video" } | { as: "nothing"; why: string };

/** Pictures that cannot carry scripts; a drawing (SVG) can, and is shown as the text that it is. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
const TEXT = /^(text\/.*|message\/rfc822|application\/(json|javascript|xml|yaml|x-yaml|csv|x-ndjson|sql|toml|x-sh)|.*\+(json|xml|yaml))$/;
/** A larger one is for a program that is made for it. */
const LARGEST = { image: 20_000_000, text: 5_000_000 };

/** As what a file can be shown. Pages and texts with markup are shown as their text: nothing of them is drawn. */
export function previewOf({ mimeType, size }: Pick<Attachment, "mimeType" | "size">): Preview {
  const type = mimeType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (size === 0) return { as: "nothing", why: "It is empty." };
  const as = PICTURES.has(type) ? "image" : TEXT.test(type) ? "text" : type.startsWith("audio/") ? "audio" : type.startsWith("video/") ? "video" : undefined;
  if (as === undefined) return { as: "nothing", why: type === "application/pdf" ? "Save it to read it." : "Files of this kind have no preview." };
  if ((as === "image" || as === "text") && size !== undefined && size > LARGEST[as]) return { as: "nothing", why: "It is too large to be shown here." };
  return { as };
}

/** A longer text is cut: it is a look at it, and not a reader. */
const MOST = 20_000;

export function textOf(bytes: ArrayBuffer): string {
  // A letter has at most four bytes.
  const text = new TextDecoder().decode(bytes.slice(0, MOST * 4));
  return text.length > MOST || bytes.byteLength > MOST * 4 ? `${text.slice(0, MOST)}…` : text;
}

/** Letters that have no shape of their own, or turn the direction of those around them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The name of a file as it may be read and written to a disk: no way out of a folder, and nothing that hides its end. */
export function safeName({ fileName, name }: Pick<Attachment, "fileName" | "name">): string {
  const cleaned = (fileName ?? name).replace(HIDDEN, "").replace(/[/\\:*?"<>|]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "");
  if (cleaned === "") return "file";
  return cleaned.length <= 160 ? cleaned : `${cleaned.slice(0, 120)}…${cleaned.slice(-30)}`;
}

/** A number of bytes as people say it. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${String(bytes)} B`;
  const [unit, name] = bytes < 1_000_000 ? [1_000, "kB"] : bytes < 1_000_000_000 ? [1_000_000, "MB"] : [1_000_000_000, "GB"];
  return `${(bytes / unit).toFixed(bytes / unit < 10 ? 1 : 0)} ${name}`;
}
