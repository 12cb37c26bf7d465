import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, Folder, Power, PowerOff, Tag, Trash2, X } from "lucide-react";
import { useState } from "react";

import { here, isProduction, textOf } from "@/api/scope";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { Menu } from "@/kit/Menu";
import { ProblemText } from "@/kit/States";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { exportFile, type Format } from "@/resource/exportFile";

import { each, putLabels, remove, restore, setLabels, setLive, undo, type Outcome } from "./bulk";
import { FOLDER, labelsFrom } from "./list";

interface Task {
  /** What is said when it is done, with how many it was done to. */
  said: (count: string) => string;
  run: (onStep: (count: number) => void) => Promise<{ failed: Outcome<unknown>["failed"]; done: number; undo?: () => Promise<unknown> }>;
}

/** What can be done with all that are chosen. */
export function BulkBar({ names, folders, onClear }: { names: readonly string[]; folders: readonly string[]; onClear: () => void }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<"label" | "folder" | "delete" | "live" | "off" | null>(null);
  const [step, setStep] = useState(0);
  const [failed, setFailed] = useState<Outcome<unknown>["failed"]>([]);
  const [count, setCount] = useState(0);
  const settled = (): void => void client.invalidateQueries({ queryKey: ["workflow"] });
  const task = useMutation({
    mutationFn: ({ run }: Task) => {
      setCount(names.length);
      return run(setStep);
    },
    onSuccess: ({ failed, done, undo: back }, { said }) => {
      setAsked(null);
      setFailed(failed);
      if (done > 0) {
        toasts.done(said(plural(done, "workflow")), back === undefined ? undefined : () => {
          back().then(() => { toasts.done("It is as it was"); }, (error: unknown) => { toasts.failed("Not all is as it was", error); }).finally(settled);
        });
      }
      if (failed.length === 0) onClear();
    },
    onError: (error) => { toasts.failed("Nothing was done", error); },
    onSettled: settled,
  });
  const live = (on: boolean): void => {
    task.mutate({
      said: (many) => (on ? `${many} made live` : `${many} taken out of service`),
      run: async (onStep) => {
        const outcome = await each(names, (name) => setLive(name, on ? "newest" : null), onStep);
        return { failed: outcome.failed, done: outcome.done.length, undo: () => undo(outcome, setLive) };
      },
    });
  };
  const label = (change: Record<string, string | null>): void => {
    task.mutate({
      said: (many) => `${many} labelled`,
      run: async (onStep) => {
        const outcome = await each(names, (name) => setLabels(name, change), onStep);
        return { failed: outcome.failed, done: outcome.done.length, undo: () => undo(outcome, putLabels) };
      },
    });
  };
  const removeAll = (): void => {
    task.mutate({
      said: (many) => `${many} deleted`,
      run: async (onStep) => {
        const outcome = await each(names, remove, onStep);
        return { failed: outcome.failed, done: outcome.done.length, undo: () => undo(outcome, (_, before) => restore(before)) };
      },
    });
  };
  const keep = (format: Format, closure: boolean): void => {
    exportFile(names.length === 1 ? (names[0] ?? "workflows") : "workflows", format, names.map((name) => `workflows/${name}`), closure).catch((error: unknown) => { toasts.failed("They were not exported", error); });
  };
  // What acts on customers is asked for once more.
  const inLive = (on: boolean): void => {
    if (isProduction(here)) setAsked(on ? "live" : "off");
    else live(on);
  };
  const busy = task.isPending;
  return (
    <>
      <div role="toolbar" aria-label="With the chosen workflows" className="sticky bottom-3 z-10 mt-3 flex w-fit max-w-full flex-wrap items-center gap-1.5 rounded-large border bg-raised px-3 py-2 shadow-high">
        <span role="status" className="mr-1 font-medium">{busy ? `${String(step + 1)} of ${String(count)}…` : `${plural(names.length, "workflow")} chosen`}</span>
        <IconButton name="Choose none" keys="Esc" icon={<X size={14} />} onClick={onClear} />
        <Button icon={<Power size={13} />} busy={busy} onClick={() => { inLive(true); }}>Make live</Button>
        <Button icon={<PowerOff size={13} />} busy={busy} onClick={() => { inLive(false); }}>Take out of service</Button>
        <Button icon={<Tag size={13} />} busy={busy} onClick={() => { setAsked("label"); }}>Label…</Button>
        <Button icon={<Folder size={13} />} busy={busy} onClick={() => { setAsked("folder"); }}>Move to folder…</Button>
        <Menu
          trigger={<Button icon={<Download size={13} />}>Export</Button>}
          acts={[
            { name: "As YAML, in one file", do: () => { keep("yaml", false); } },
            { name: "As ZIP, with all they use", do: () => { keep("zip", true); } },
            { name: "For n8n", do: () => { keep("n8n", false); } },
          ]}
        />
        <Button look="danger" icon={<Trash2 size={13} />} busy={busy} onClick={() => { setAsked("delete"); }}>Delete…</Button>
      </div>
      {asked === "label" ? <Labels title={`Label ${plural(names.length, "workflow")}`} busy={busy} onClose={() => { setAsked(null); }} onDone={label} /> : null}
      {asked === "folder" ? <Into folders={folders} title={`Move ${plural(names.length, "workflow")}`} busy={busy} onClose={() => { setAsked(null); }} onDone={(folder) => { label({ [FOLDER]: folder === "" ? null : folder }); }} /> : null}
      {asked === "live" || asked === "off" ? (
        <Sure
          title={asked === "live" ? `Make ${plural(names.length, "workflow")} live in ${textOf(here)}?` : `Take ${plural(names.length, "workflow")} out of service in ${textOf(here)}?`}
          text={asked === "live" ? "The newest revision of each gets all new events from now on." : "Their triggers stop. Runs that have begun go on."}
          act={asked === "live" ? "Make live" : "Take out of service"}
          names={names}
          busy={busy}
          onClose={() => { setAsked(null); }}
          onDone={() => { live(asked === "live"); }}
        />
      ) : null}
      {asked === "delete" ? (
        <Sure
          title={`Delete ${plural(names.length, "workflow")}?`}
          text="Live ones are taken out of service first. What something live needs is refused and stays. Runs that have begun go on."
          word={names.length === 1 ? names[0] : `delete ${String(names.length)}`}
          act="Delete"
          names={names}
          busy={busy}
          onClose={() => { setAsked(null); }}
          onDone={removeAll}
        />
      ) : null}
      {failed.length > 0 ? (
        <Dialog title={`${plural(failed.length, "workflow")} refused`} description="All others are done." open onOpenChange={() => { setFailed([]); }}>
          <ul className="flex flex-col gap-3">
            {failed.map(({ name, problem }) => (
              <li key={name}>
                <p className="font-medium">{name}</p>
                <ProblemText problem={problem} />
              </li>
            ))}
          </ul>
        </Dialog>
      ) : null}
    </>
  );
}

/** Asks once more, and for a word to be typed when it cannot be taken lightly. */
function Sure({ title, text, act, word, names, busy, onClose, onDone }: { title: string; text: string; act: string; word?: string | undefined; names: readonly string[]; busy: boolean; onClose: () => void; onDone: () => void }) {
  const [typed, setTyped] = useState("");
  const refused = word !== undefined && typed.trim() !== word ? `Type ${word} first` : undefined;
  return (
    <FormDialog title={title} description={text} act={act} look={word === undefined ? "primary" : "danger"} refused={refused} busy={busy} onSend={onDone} onClose={onClose}>
      <p className="text-ink-soft">{names.slice(0, 12).join(", ")}{names.length > 12 ? ` and ${String(names.length - 12)} more` : ""}</p>
      {word === undefined ? null : <Field label={`Type ${word} to confirm`}>{(ids) => <Input {...ids} autoFocus autoComplete="off" spellCheck={false} value={typed} onChange={(event) => { setTyped(event.target.value); }} />}</Field>}
    </FormDialog>
  );
}

function Labels({ title, busy, onClose, onDone }: { title: string; busy: boolean; onClose: () => void; onDone: (change: Record<string, string | null>) => void }) {
  const [add, setAdd] = useState("");
  const [drop, setDrop] = useState("");
  const change = { ...Object.fromEntries(Object.keys(labelsFrom(drop)).map((key) => [key, null])), ...labelsFrom(add) };
  const refused = Object.keys(change).length === 0 ? "Write a label first" : undefined;
  return (
    <FormDialog title={title} act="Label" refused={refused} busy={busy} onSend={() => { onDone(change); }} onClose={onClose}>
      <Field label="Set" hint="Pairs or words, parted by commas: team=sales, urgent">{(ids) => <Input {...ids} autoFocus value={add} onChange={(event) => { setAdd(event.target.value); }} />}</Field>
      <Field label="Drop" hint="Keys, parted by commas">{(ids) => <Input {...ids} value={drop} onChange={(event) => { setDrop(event.target.value); }} />}</Field>
    </FormDialog>
  );
}

function Into({ title, folders, busy, onClose, onDone }: { title: string; folders: readonly string[]; busy: boolean; onClose: () => void; onDone: (folder: string) => void }) {
  const [folder, setFolder] = useState("");
  return (
    <FormDialog title={title} act={folder.trim() === "" ? "Take out of folders" : "Move"} busy={busy} onSend={() => { onDone(folder.trim()); }} onClose={onClose}>
      <Field label="Folder" hint="A new name makes a new folder; a slash makes one in another: shop/money. Empty takes them out.">
        {(ids) => <Input {...ids} autoFocus list="folders" value={folder} onChange={(event) => { setFolder(event.target.value); }} />}
      </Field>
      <datalist id="folders">{folders.map((one) => <option key={one} value={one} />)}</datalist>
    </FormDialog>
  );
}
