import { File as FileIcon } from "lucide-react";

import { previewOf, sizeText, type Attachment } from "@/resource/attachments";

/** Files that items carry, with what is known of each, and a look into those that stand in the item itself. */
export function Attachments({ files }: { files: readonly Attachment[] }) {
  return (
    <ul aria-label="Files" className="flex min-h-0 flex-1 flex-col gap-3 overflow-auto px-4 pb-3">
      {files.map((file) => (
        <li key={`${String(file.item)}/${file.name}`} className="rounded-base border p-3">
          <div className="flex items-start gap-3">
            <FileIcon size={18} aria-hidden className="mt-0.5 shrink-0 text-ink-faint" />
            <div className="min-w-0 flex-1">
              <p className="truncate font-medium">{file.fileName ?? file.name}</p>
              <dl className="flex flex-wrap gap-x-4 gap-y-0.5 text-small text-ink-soft [&>div]:flex [&>div]:gap-1 [&_dt]:text-ink-faint">
                <div><dt>item</dt><dd>{file.item}</dd></div>
                <div><dt>as</dt><dd className="font-mono">$binary.{file.name}</dd></div>
                <div><dt>type</dt><dd>{file.mimeType}</dd></div>
                {file.size === undefined ? null : <div><dt>size</dt><dd>{sizeText(file.size)}</dd></div>}
                {file.digest === undefined ? null : <div className="min-w-0"><dt>digest</dt><dd className="truncate font-mono" title={file.digest}>{file.digest}</dd></div>}
              </dl>
              <Shown file={file} />
            </div>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Shown({ file }: { file: Attachment }) {
  const preview = previewOf(file);
  switch (preview.of) {
    case "image":
      return <img src={preview.address} alt={file.fileName ?? file.name} className="mt-2 max-h-64 rounded-base border bg-sunken" />;
    case "text":
      return <pre className="mt-2 max-h-64 overflow-auto rounded-base bg-sunken p-2 font-mono text-small whitespace-pre-wrap">{preview.text}</pre>;
    case "nothing":
      return <p className="mt-1 text-small text-ink-faint">{preview.why}</p>;
  }
}
