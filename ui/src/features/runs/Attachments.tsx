import { useMutation, useQuery } from "@tanstack/react-query";
import { Download, Eye, EyeOff, File as FileIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { send } from "@/api/client";
import { session } from "@/app/session";
import { Button, IconButton } from "@/kit/Button";
import { download } from "@/kit/download";
import { Loaded } from "@/kit/Loaded";
import { toasts } from "@/kit/toasts";
import { addressOf, bytesOf, previewOf, safeName, sizeText, textOf, type Attachment, type Output } from "@/resource/attachments";

/** As many as are shown without being asked for, and as large. */
const FEW = 3;
const SMALL = 1_000_000;

/** Files that items carry: what is known of each, a look into it, and the way to keep it. */
export function Attachments({ of, files }: { of: Output; files: readonly Attachment[] }) {
  return (
    <ul aria-label="Files" className="flex min-h-0 flex-1 flex-col gap-3 overflow-auto px-4 pb-3">
      {files.map((file) => <Row key={`${String(file.item)}/${file.name}`} of={of} file={file} begin={files.length <= FEW && (file.size ?? 0) <= SMALL} />)}
    </ul>
  );
}

function Row({ of, file, begin }: { of: Output; file: Attachment; begin: boolean }) {
  const [open, setOpen] = useState(begin);
  const name = safeName(file);
  const preview = previewOf(file);
  const save = useMutation({
    mutationFn: async () => {
      // The browser writes what it fetches itself to the disk as it comes, but it sends a cookie with it, and no token.
      if (session.isPerson && file.data === undefined) {
        const link = document.createElement("a");
        link.href = addressOf(of, file);
        link.download = name;
        link.click();
      } else download(new Blob([await contentOf(of, file)], { type: "application/octet-stream" }), name);
    },
    onError: (error) => { toasts.failed(`${name} could not be saved`, error); },
  });
  return (
    <li className="rounded-base border">
      <div className="flex items-start gap-3 p-3">
        <FileIcon size={18} aria-hidden className="mt-0.5 shrink-0 text-ink-faint" />
        <div className="min-w-0 flex-1">
          <p className="truncate font-medium" title={name}>{name}</p>
          <dl className="flex flex-wrap gap-x-4 gap-y-0.5 text-small text-ink-soft [&>div]:flex [&>div]:min-w-0 [&>div]:gap-1 [&_dd]:truncate [&_dt]:text-ink-faint">
            <div><dt>item</dt><dd>{file.item}</dd></div>
            <div><dt>as</dt><dd className="font-mono">$binary.{file.name}</dd></div>
            <div><dt>type</dt><dd>{file.mimeType}</dd></div>
            {file.size === undefined ? null : <div><dt>size</dt><dd>{sizeText(file.size)}</dd></div>}
            {file.digest === undefined ? null : <div><dt>digest</dt><dd className="max-w-40 font-mono" title={file.digest}>{file.digest}</dd></div>}
          </dl>
          {preview.as === "nothing" ? <p className="mt-1 text-small text-ink-faint">{preview.why}</p> : null}
        </div>
        {preview.as === "nothing" ? null : <IconButton name={open ? `Hide ${name}` : `Show ${name}`} icon={open ? <EyeOff size={14} /> : <Eye size={14} />} aria-expanded={open} onClick={() => { setOpen(!open); }} />}
        <Button icon={<Download size={13} />} busy={save.isPending} aria-label={`Save ${name}`} onClick={() => { save.mutate(); }}>Save</Button>
      </div>
      {!open || preview.as === "nothing" ? null : <div className="border-t p-3">{preview.as === "image" || preview.as === "text" ? <Content of={of} file={file} as={preview.as} /> : <Player of={of} file={file} as={preview.as} />}</div>}
    </li>
  );
}

/** The bytes: those in the item, or those that the server keeps. */
async function contentOf(of: Output, file: Attachment): Promise<ArrayBuffer> {
  if (file.data === undefined) return (await send(new Request(addressOf(of, file)))).arrayBuffer();
  const bytes = bytesOf(file.data);
  if (bytes === undefined) throw new Error("its content cannot be read: it is not base64");
  return bytes.buffer;
}

function Content({ of, file, as }: { of: Output; file: Attachment; as: "image" | "text" }) {
  const content = useQuery({
    // What a step has put out never changes.
    queryKey: ["file", of.run, of.step, of.port, file.item, file.name],
    queryFn: () => contentOf(of, file),
    staleTime: Infinity,
    gcTime: 60_000,
  });
  return (
    <Loaded of={content} lines={3}>
      {(bytes) =>
        as === "image" ? <Picture bytes={bytes} file={file} /> : (
          <pre role="region" aria-label={`Text of ${safeName(file)}`} tabIndex={0} className="max-h-80 overflow-auto font-mono text-small whitespace-pre-wrap">{textOf(bytes)}</pre>
        )
      }
    </Loaded>
  );
}

function Picture({ bytes, file }: { bytes: ArrayBuffer; file: Attachment }) {
  const [broken, setBroken] = useState(false);
  const picture = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const address = URL.createObjectURL(new Blob([bytes], { type: file.mimeType }));
    if (picture.current !== null) picture.current.src = address;
    // An address of bytes holds them until it is given back.
    return () => { URL.revokeObjectURL(address); };
  }, [bytes, file.mimeType]);
  if (broken) return <p className="text-small text-ink-faint">It says that it is a picture, and is none.</p>;
  return <img ref={picture} alt={safeName(file)} onError={() => { setBroken(true); }} className="max-h-80 max-w-full rounded-small bg-sunken object-contain" />;
}

function Player({ of, file, as }: { of: Output; file: Attachment; as: "audio" | "video" }) {
  if (!session.isPerson || file.data !== undefined) return <p className="text-small text-ink-soft">Save it to play it: players send no token. Whoever signs in as a person plays it here.</p>;
  const name = safeName(file);
  // There are no subtitles for what a workflow has made.
  return as === "audio" ? (
    // eslint-disable-next-line jsx-a11y/media-has-caption
    <audio controls preload="metadata" aria-label={name} src={addressOf(of, file)} className="w-full" />
  ) : (
    // eslint-disable-next-line jsx-a11y/media-has-caption
    <video controls preload="metadata" aria-label={name} src={addressOf(of, file)} className="max-h-96 w-full rounded-small bg-sunken" />
  );
}
