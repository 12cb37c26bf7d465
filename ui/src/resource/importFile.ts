import { send } from "@/api/client";
import { tooLarge } from "@/api/problem";
import type { components } from "@/api/schema";

import { sizeText } from "./attachments";

/** As much as the server takes. A larger one is not sent: it would be refused after minutes, or in the middle. */
const LARGEST = 64 << 20;

export type ImportAnswer = components["schemas"]["ImportAnswer"];

/** Sends a file to be imported; with `dryRun` nothing is written and the report says what would be. */
export async function importFile(file: File, dryRun: boolean): Promise<ImportAnswer> {
  if (file.size > LARGEST) throw tooLarge(`the file has ${sizeText(file.size)}, and an import takes at most ${sizeText(LARGEST)}`, "export fewer workflows at once, or split the file by workflow");
  const url = new URL("/api/v1/import", location.origin);
  url.searchParams.set("name", file.name);
  if (dryRun) url.searchParams.set("dryRun", "true");
  const kind = /\.ya?ml$/i.test(file.name)
    ? "application/yaml"
    : /\.zip$/i.test(file.name)
      ? "application/zip"
      : /\.tar$/i.test(file.name)
        ? "application/x-tar"
        : "application/json";
  const answer = await send(new Request(url, { method: "POST", body: file, headers: { "content-type": kind } }));
  return (await answer.json()) as ImportAnswer;
}
