import { expect, test } from "vitest";

import { addressOf, attachmentsOf, bytesOf, previewOf, safeName, sizeText, textOf, type Attachment } from "./attachments";

test("files of an item are found with what is known of them", () => {
  const item = { json: {}, binary: { invoice: { mimeType: "application/pdf", fileName: "7.pdf", size: 1234, blob: "sha256:ab" }, odd: 5 } };
  expect(attachmentsOf(item, 3)).toEqual([{ item: 3, name: "invoice", fileName: "7.pdf", mimeType: "application/pdf", size: 1234, digest: "sha256:ab", data: undefined }]);
});

test("a file that stands in the item is as large as what stands there", () => {
  expect(attachmentsOf({ json: {}, binary: { note: { mimeType: "text/plain", size: 0, data: btoa("hello") } } }, 0)[0]?.size).toBe(5);
});

test("content that happens to have a field of that name has no files", () => {
  expect(attachmentsOf({ binary: { a: {} } }, 0)).toEqual([]);
  expect(attachmentsOf(null, 0)).toEqual([]);
  expect(attachmentsOf({ json: {}, binary: null }, 0)).toEqual([]);
});

test("what is text or a picture is shown, and a sound or film is played", () => {
  const as = (mimeType: string): string => previewOf({ mimeType, size: 3 }).as;
  expect(["text/csv", "application/json", "application/problem+json", "message/rfc822"].map(as)).toEqual(["text", "text", "text", "text"]);
  expect(["image/png", "IMAGE/JPEG", "image/webp; charset=binary", "audio/mpeg", "video/mp4"].map(as)).toEqual(["image", "image", "image", "audio", "video"]);
});

test("what may carry scripts is shown as the text that it is, and never drawn", () => {
  for (const mimeType of ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "text/markdown", "text/xml", "application/javascript"]) expect(previewOf({ mimeType, size: 3 }), mimeType).toEqual({ as: "text" });
});

test("what cannot be shown says why", () => {
  expect(previewOf({ mimeType: "application/zip", size: 3 })).toEqual({ as: "nothing", why: "Files of this kind have no preview." });
  expect(previewOf({ mimeType: "application/pdf", size: 3 })).toEqual({ as: "nothing", why: "Save it to read it." });
  expect(previewOf({ mimeType: "text/plain", size: 0 })).toEqual({ as: "nothing", why: "It is empty." });
  expect(previewOf({ mimeType: "text/plain", size: 50_000_000 })).toEqual({ as: "nothing", why: "It is too large to be shown here." });
});

test("what is not base64 has no bytes", () => {
  expect(bytesOf("not base64!")).toBeUndefined();
  expect(bytesOf(btoa("a,b"))).toEqual(new TextEncoder().encode("a,b"));
});

test("a long text is cut at a letter", () => {
  const text = textOf(new TextEncoder().encode("é".repeat(30_000)).buffer);
  expect(text).toBe(`${"é".repeat(20_000)}…`);
});

test("a file's address names its scope, and no name leads out of it", () => {
  const file = { item: 3, name: "../../me?x=1#y" } as Attachment;
  expect(addressOf({ run: "run_1", step: 2, port: 0 }, file, { workspace: "acme", environment: "dev" })).toBe("/api/v1/runs/run_1/steps/2/files/0/3/..%2F..%2Fme%3Fx%3D1%23y?workspace=acme&environment=dev");
});

test("a file's name leads into no folder, hides nothing, and ends where it says", () => {
  const named = (fileName: string): string => safeName({ fileName, name: "data" });
  expect(named("../../etc/passwd")).toBe("_.._etc_passwd");
  expect(named("C:\\evil\".exe")).toBe("C__evil_.exe");
  expect(named("invoice\u202Efdp.exe")).toBe("invoicefdp.exe");
  expect(named("a\u0000b\r\nc.txt")).toBe("abc.txt");
  expect(named(" ... ")).toBe("file");
  expect(named(`${"a".repeat(500)}.pdf`)).toMatch(/^a{120}…a{26}\.pdf$/);
  expect(safeName({ fileName: undefined, name: "data" })).toBe("data");
});

test("sizes in words", () => {
  expect([0, 999, 1_500, 25_000, 3_200_000, 2e9].map(sizeText)).toEqual(["0 B", "999 B", "1.5 kB", "25 kB", "3.2 MB", "2.0 GB"]);
});
