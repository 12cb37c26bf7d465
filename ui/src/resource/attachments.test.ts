import { expect, test } from "vitest";

import { attachmentsOf, previewOf, sizeText, type Attachment } from "./attachments";

const file: Attachment = { item: 0, name: "data", fileName: undefined, mimeType: "text/csv", size: 3, digest: undefined, data: btoa("a,b") };

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

test("text and pictures that stand in the item are shown", () => {
  expect(previewOf(file)).toEqual({ of: "text", text: "a,b" });
  expect(previewOf({ ...file, mimeType: "image/png", data: "AAAA" })).toEqual({ of: "image", address: "data:image/png;base64,AAAA" });
});

test("what cannot be shown says why", () => {
  expect(previewOf({ ...file, data: undefined }).of).toBe("nothing");
  // A drawing may carry scripts.
  expect(previewOf({ ...file, mimeType: "image/svg+xml" }).of).toBe("text");
  expect(previewOf({ ...file, mimeType: "application/zip" })).toEqual({ of: "nothing", why: "Files of this kind have no preview." });
  expect(previewOf({ ...file, data: "not base64!" })).toMatchObject({ why: "Its content cannot be read." });
});

test("sizes in words", () => {
  expect([0, 999, 1_500, 25_000, 3_200_000, 2e9].map(sizeText)).toEqual(["0 B", "999 B", "1.5 kB", "25 kB", "3.2 MB", "2.0 GB"]);
});
