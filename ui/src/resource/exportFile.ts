import { send } from "@/api/client";
import { download } from "@/kit/download";

export type Format = "yaml" | "json" | "zip" | "tar" | "n8n";

const ENDINGS: Record<Format, string> = { yaml: ".yaml", json: ".json", zip: ".zip", tar: ".tar", n8n: ".n8n.json" };

/** Gives the browser a file with resources, named as `workflows/orders` or `workflows`; nothing named means everything. */
export async function exportFile(file: string, format: Format, what: readonly string[] = [], closure = false): Promise<void> {
  const url = new URL("/api/v1/export", location.origin);
  url.searchParams.set("format", format);
  if (what.length > 0) url.searchParams.set("what", what.join(","));
  if (closure) url.searchParams.set("closure", "true");
  download(await (await send(new Request(url))).blob(), file + ENDINGS[format]);
}
