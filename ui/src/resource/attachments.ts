//! The files of items. The server keeps their content and has no address for it yet, so what is shown is what it says of
//! them, and the content where it is short enough to stand in the item itself.

export interface Attachment {
  /** Item that it belongs to, counted from 0. */
  item: number;
  /** Name under which expressions find it. */
  name: string;
  fileName: string | undefined;
  mimeType: string;
  size: number | undefined;
  digest: string | undefined;
  /** Base64 of the content. */
  data: string | undefined;
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

export type Preview = { of: "image"; address: string } | { of: "text"; text: string } | { of: "nothing"; why: string };

/** Pictures that cannot carry scripts. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);
const TEXT = /^(text\/|application\/(json|xml|yaml|x-yaml|csv|x-ndjson))|\+(json|xml)$/;
/** A longer text is cut: it is a look at it, and not a reader. */
const MOST = 20_000;

/** What can be shown of a file. */
export function previewOf({ data, mimeType, size }: Attachment): Preview {
  if (size === 0) return { of: "nothing", why: "It is empty." };
  if (data === undefined) return { of: "nothing", why: "Its content is kept by the server, which has no address to show it yet." };
  if (PICTURES.has(mimeType)) return { of: "image", address: `data:${mimeType};base64,${data}` };
  if (!TEXT.test(mimeType)) return { of: "nothing", why: "Files of this kind have no preview." };
  try {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    return { of: "text", text: text.length > MOST ? `${text.slice(0, MOST)}…` : text };
  } catch {
    return { of: "nothing", why: "Its content cannot be read." };
  }
}

/** A number of bytes as people say it. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${String(bytes)} B`;
  const [unit, name] = bytes < 1_000_000 ? [1_000, "kB"] : bytes < 1_000_000_000 ? [1_000_000, "MB"] : [1_000_000_000, "GB"];
  return `${(bytes / unit).toFixed(bytes / unit < 10 ? 1 : 0)} ${name}`;
}
