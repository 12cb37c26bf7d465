import { useMutation } from "@tanstack/react-query";
import { Download, Upload } from "lucide-react";
import { useState } from "react";

import { send } from "@/api/client";
import { here, textOf } from "@/api/scope";
import { Button } from "@/kit/Button";
import { download } from "@/kit/download";
import { Field, Select } from "@/kit/Field";
import { toasts } from "@/kit/toasts";
import { exportFile, type Format } from "@/resource/exportFile";
import { ImportDialog } from "@/resource/ImportDialog";

const FORMATS: [Format, string][] = [["yaml", "YAML, one file"], ["json", "JSON, one file"], ["zip", "ZIP, a file for each"], ["tar", "TAR, a file for each"], ["n8n", "n8n, workflows only"]];
const WHAT: [string, string][] = [["", "Everything"], ["workflows", "Workflows"], ["connections", "Connections"], ["variables", "Variables"], ["egress", "Rules for calls"]];

export function Export() {
  const [format, setFormat] = useState<Format>("zip");
  const [what, setWhat] = useState("");
  const [closure, setClosure] = useState(false);
  const chosen = format === "n8n" ? "workflows" : what;
  const save = useMutation({
    mutationFn: () => exportFile(`fishplate-${here.workspace}-${here.environment}${chosen === "" ? "" : `-${chosen}`}`, format, chosen === "" ? [] : [chosen], closure && chosen !== ""),
    onError: (error) => { toasts.failed("It was not exported", error); },
  });
  return (
    <form className="flex flex-col gap-3" onSubmit={(event) => { event.preventDefault(); if (!save.isPending) save.mutate(); }}>
      <p className="text-ink-soft">What is configured in {textOf(here)}, to keep in git, to read, or to bring elsewhere. Secrets are never in it.</p>
      <div className="flex flex-wrap items-end gap-3">
        <div className="w-48"><Field label="What">{(ids) => <Select {...ids} value={chosen} disabled={format === "n8n"} onChange={(event) => { setWhat(event.target.value); }}>{WHAT.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</Select>}</Field></div>
        <div className="w-48"><Field label="Form">{(ids) => <Select {...ids} value={format} onChange={(event) => { setFormat(event.target.value as Format); }}>{FORMATS.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</Select>}</Field></div>
        <Button type="submit" icon={<Download size={14} />} busy={save.isPending} className="h-8">Export</Button>
      </div>
      {chosen === "" || format === "n8n" ? null : (
        <label className="inline-flex items-center gap-2">
          <input type="checkbox" className="size-4 accent-(--accent)" checked={closure} onChange={(event) => { setClosure(event.target.checked); }} />
          With everything that they use
        </label>
      )}
    </form>
  );
}

export function Import() {
  const [open, setOpen] = useState(false);
  return (
    <div className="flex flex-col gap-3">
      <p className="text-ink-soft">An archive or file of Fishplate, or workflows of n8n. What would come of it is shown before anything is written; what an import changes has a history, and comes back from there.</p>
      <div><Button icon={<Upload size={14} />} onClick={() => { setOpen(true); }}>Import…</Button></div>
      {open ? <ImportDialog files={null} onClose={() => { setOpen(false); }} /> : null}
    </div>
  );
}

export function Backup() {
  const take = useMutation({
    mutationFn: async () => {
      const archive = await (await send(new Request("/api/v1/backup", { method: "POST" }))).blob();
      download(archive, `fishplate-backup-${new Date().toISOString().slice(0, 16).replaceAll(":", "")}.tar`);
    },
    onSuccess: () => { toasts.done("The backup is complete; keep the master key apart from it"); },
    onError: (error) => { toasts.failed("There is no backup", error); },
  });
  return (
    <div className="flex flex-col gap-3">
      <p className="text-ink-soft">
        All workspaces with their runs, taken while the server works. Sealed secrets are in it, and the master key that opens them is not: keep it elsewhere.
        Bring it back with <code className="font-mono text-small">fishplate restore</code> while the server is stopped.
      </p>
      <div><Button icon={<Download size={14} />} busy={take.isPending} onClick={() => { take.mutate(); }}>Take a backup</Button></div>
    </div>
  );
}
