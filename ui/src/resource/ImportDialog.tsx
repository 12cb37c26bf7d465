import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, FileUp } from "lucide-react";
import { useEffect, useState } from "react";

import { problemOf, type Problem } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

import { importFile, type ImportAnswer } from "./importFile";
import { ImportReport } from "./ImportReport";
import { theirNodes, type TheirNode } from "./importReport";

interface Looked {
  file: File;
  /** The nodes of each workflow in it, by which a report names them. */
  nodes: readonly (readonly TheirNode[])[];
  answer?: ImportAnswer;
  problem?: Problem;
}

/** Looks into files, says what would come of each, and writes them when asked to. */
export function ImportDialog({ files, onClose }: { files: FileList | null; onClose: () => void }) {
  const client = useQueryClient();
  const [looked, setLooked] = useState<Looked[]>([]);
  const look = useMutation({
    mutationFn: (list: FileList) => Promise.all([...list].map(async (file): Promise<Looked> => {
      try {
        const answer = await importFile(file, true);
        return { file, answer, nodes: answer.files.length === 0 ? [] : theirNodes(await file.text()) };
      } catch (error) {
        return { file, problem: problemOf(error), nodes: [] };
      }
    })),
    onSuccess: setLooked,
  });
  const { mutate: lookInto } = look;
  useEffect(() => {
    if (files !== null) lookInto(files);
  }, [files, lookInto]);
  const good = looked.filter((entry) => entry.answer?.files.some((report) => report.workflow != null) === true || (entry.answer?.written.length ?? 0) > 0);
  const write = useMutation({
    mutationFn: async () => {
      let count = 0;
      for (const { file } of good) count += (await importFile(file, false)).written.length;
      return count;
    },
    onSuccess: (count) => {
      toasts.done(`${plural(count, "resource")} imported`);
      // What is left to do stands in the report, with ways to the nodes; without any, there is nothing to stay for.
      if (!good.some((entry) => entry.answer?.files.some((report) => report.workflow != null) === true)) onClose();
    },
    onError: (error) => { toasts.failed("The import stopped", error); },
    onSettled: () => void client.invalidateQueries(),
  });
  return (
    <Dialog
      title={write.isSuccess ? "Imported" : "Import"}
      description={write.isSuccess ? "Names of nodes lead to them in the editor." : "Workflows of n8n (JSON), or resources of Fishplate (YAML, JSON, ZIP, TAR)."}
      open
      wide
      onOpenChange={onClose}
      footer={
        write.isSuccess ? <Button look="primary" onClick={onClose}>Done</Button> : <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={write.isPending} refused={good.length === 0 ? "Choose a file that can be read first" : undefined} onClick={() => { write.mutate(); }}>
            Import {good.length > 0 ? plural(good.length, "file") : ""}
          </Button>
        </>
      }
    >
      {write.isSuccess ? null : (
      <label className="mt-1 flex cursor-pointer flex-col items-center gap-1.5 rounded-large border-2 border-dashed border-line-strong bg-sunken px-4 py-8 text-ink-soft focus-within:border-focus hover:border-plate">
        <FileUp size={22} aria-hidden />
        <span className="font-medium text-ink">Choose files, or drop them on the page</span>
        <input type="file" multiple className="sr-only" accept=".json,.yaml,.yml,.zip,.tar" onChange={(event) => { if (event.target.files !== null) look.mutate(event.target.files); }} />
      </label>
      )}
      {look.isPending ? <p role="status" className="py-4 text-center text-ink-soft">Reading…</p> : null}
      <ul className="mt-3 flex flex-col gap-3">
        {looked.map((entry) => (
          <li key={`${entry.file.name} ${String(entry.file.size)} ${String(entry.file.lastModified)}`} className="rounded-base border p-3">
            <Report entry={entry} written={write.isSuccess} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const WORDS = { created: "new", updated: "changed", unchanged: "as it is" };

/** What would come of one file. */
function Report({ entry, written: done }: { entry: Looked; written: boolean }) {
  if (entry.answer === undefined) {
    return (
      <div className="flex gap-2">
        <CircleAlert size={15} className="mt-0.5 shrink-0 text-bad" />
        <div>
          <p className="font-medium">{entry.file.name}</p>
          {entry.problem === undefined ? null : <ProblemText problem={entry.problem} />}
        </div>
      </div>
    );
  }
  const { files, written } = entry.answer;
  return (
    <div className="flex flex-col gap-2">
      {files.length === 0 ? <p className="font-medium">{entry.file.name}: {plural(written.length, "resource")}</p> : null}
      {written.length > files.filter((report) => report.workflow != null).length ? (
        <details open={files.length === 0}>
          <summary className="cursor-pointer text-ink-soft">{(["created", "updated", "unchanged"] as const).map((act) => [act, written.filter((one) => one.action === act).length] as const).filter(([, count]) => count > 0).map(([act, count]) => `${String(count)} ${WORDS[act]}`).join(", ")}</summary>
          <ul className="mt-1 flex flex-col gap-0.5">
            {written.map(({ resource, action }) => (
              <li key={`${resource.kind}/${resource.name}`} className="flex items-center gap-2">
                <Badge tone={action === "created" ? "good" : action === "updated" ? "wait" : "neutral"}>{WORDS[action]}</Badge>
                <span className="text-ink-soft">{resource.kind}</span> <span className="truncate">{resource.name}</span>
              </li>
            ))}
          </ul>
        </details>
      ) : null}
      {files.map((report, index) => <ImportReport key={report.file + (report.workflow ?? "")} report={report} nodes={entry.nodes.length === files.length ? entry.nodes[index] ?? [] : []} written={done} />)}
    </div>
  );
}
