import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, FileUp } from "lucide-react";
import { useEffect, useState } from "react";

import { problemOf, type Problem } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { ProblemText } from "@/kit/States";
import { Badge } from "@/kit/Status";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";

import { importFile, type ImportAnswer } from "./importFile";

interface Looked {
  file: File;
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
        return { file, answer: await importFile(file, true) };
      } catch (error) {
        return { file, problem: problemOf(error) };
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
      onClose();
    },
    onError: (error) => { toasts.failed("The import stopped", error); },
    onSettled: () => void client.invalidateQueries(),
  });
  return (
    <Dialog
      title="Import"
      description="Workflows of n8n (JSON), or resources of Fishplate (YAML, JSON, ZIP, TAR)."
      open
      wide
      onOpenChange={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={write.isPending} refused={good.length === 0 ? "Choose a file that can be read first" : undefined} onClick={() => { write.mutate(); }}>
            Import {good.length > 0 ? plural(good.length, "file") : ""}
          </Button>
        </>
      }
    >
      <label className="mt-1 flex cursor-pointer flex-col items-center gap-1.5 rounded-large border-2 border-dashed border-line-strong bg-sunken px-4 py-8 text-ink-soft focus-within:border-focus hover:border-plate">
        <FileUp size={22} aria-hidden />
        <span className="font-medium text-ink">Choose files, or drop them on the page</span>
        <input type="file" multiple className="sr-only" accept=".json,.yaml,.yml,.zip,.tar" onChange={(event) => { if (event.target.files !== null) look.mutate(event.target.files); }} />
      </label>
      {look.isPending ? <p role="status" className="py-4 text-center text-ink-soft">Reading…</p> : null}
      <ul className="mt-3 flex flex-col gap-3">
        {looked.map((entry) => (
          <li key={`${entry.file.name} ${String(entry.file.size)} ${String(entry.file.lastModified)}`} className="rounded-base border p-3">
            <Report entry={entry} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const WORDS = { created: "new", updated: "changed", unchanged: "as it is" };

/** What would come of one file. */
function Report({ entry }: { entry: Looked }) {
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
      {written.length > 0 ? (
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
      {files.map((report) => (
        <div key={report.file + (report.workflow ?? "")} className="flex gap-2">
          {report.unsupported.length === 0 && report.workflow != null ? (
            <CircleCheck size={15} className="mt-0.5 shrink-0 text-good" />
          ) : (
            <CircleAlert size={15} className="mt-0.5 shrink-0 text-wait" />
          )}
          <div className="min-w-0">
            <p className="font-medium">{report.workflow ?? report.file}</p>
            <p className="text-ink-soft">
              {report.workflow == null
                ? "Nothing of it can be imported."
                : report.unsupported.length === 0
                ? `All ${plural(report.nodes, "node")} run as they are.`
                : `${String(report.supported)} of ${plural(report.nodes, "node")} run; the others are kept as placeholders and keep it from going live.`}
            </p>
            {report.unsupported.length > 0 ? (
              <ul className="mt-1 list-disc pl-4 text-ink-soft">
                {report.unsupported.map((kind) => (
                  <li key={kind.type + String(kind.typeVersion)}>
                    <span className="font-mono text-small">{kind.type}</span> {kind.count > 1 ? `× ${String(kind.count)}` : ""} – {kind.reason}
                  </li>
                ))}
              </ul>
            ) : null}
            {report.connections !== undefined && report.connections.length > 0 ? (
              <p className="mt-1 text-ink-soft">Connections to make: {report.connections.map((wanted) => `${wanted.connection} (${wanted.title})`).join(", ")}.</p>
            ) : null}
            {report.problems.length > 0 ? (
              <details className="mt-1" open={report.workflow == null}>
                <summary className="cursor-pointer text-ink-soft">{plural(report.problems.length, "remark")}</summary>
                <ul className="mt-1 flex list-disc flex-col gap-1 pl-4">
                  {report.problems.slice(0, 50).map((problem, index) => (
                    <li key={index}><ProblemText problem={problem} /></li>
                  ))}
                </ul>
              </details>
            ) : null}
          </div>
        </div>
      ))}
    </div>
  );
}
