import { Link, useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { BookmarkPlus, ChevronDown, Save, TextCursorInput, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";

import { problemOf, sentenceOf } from "@/api/problem";
import { Button } from "@/kit/Button";
import { Field, Input } from "@/kit/Field";
import { FormDialog } from "@/kit/FormDialog";
import { Menu } from "@/kit/Menu";
import { toasts } from "@/kit/toasts";
import { runFilter, type RunSearch } from "@/resource/runFilter";
import { BUILT_IN, runViews, useRunViews, type RunView } from "@/resource/runViews";

const TAB = "-mb-px flex h-9 items-center gap-1.5 border-b-2 border-transparent px-2.5 font-medium whitespace-nowrap text-ink-soft hover:text-ink aria-[current=page]:border-plate aria-[current=page]:text-ink";

/** Views of the list: those that everybody has, one's own, and what can be done with them. */
export function Views({ search }: { search: RunSearch }) {
  const navigate = useNavigate();
  const { list, change } = useRunViews();
  const [naming, setNaming] = useState<RunView | "new" | null>(null);
  const own = list.data ?? [];
  const filter = runFilter.read({ ...search });
  const begunWith = own.find(({ name }) => name === search.named);
  const current = begunWith ?? [...BUILT_IN, ...own].find((view) => runFilter.same(view.filter, filter));
  const changed = begunWith !== undefined && !runFilter.same(begunWith.filter, filter);
  const open = (view: RunView): void => void navigate({ to: "/runs", search: placeOf(view) });
  const all = [...BUILT_IN, ...own];
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement | null;
      if (event.metaKey || event.ctrlKey || event.altKey || (event.key !== "[" && event.key !== "]") || target?.closest("input:not([type=checkbox]), textarea, select, [role=dialog]") != null) return;
      const at = all.findIndex((view) => view === current);
      const next = all[(event.key === "]" ? at + 1 : Math.max(at, 0) - 1 + all.length) % all.length];
      if (next !== undefined) open(next);
    };
    addEventListener("keydown", pressed);
    return () => { removeEventListener("keydown", pressed); };
  });
  const keep = (view: RunView): void => {
    change.mutate((views) => runViews.put(views, view), {
      onSuccess: () => { toasts.done(`${view.name} shows what you see now`); },
      onError: (error) => { toasts.failed(`${view.name} stays as it was`, error); },
    });
  };
  const remove = (view: RunView): void => {
    change.mutate((views) => runViews.without(views, view.name), {
      onSuccess: () => {
        toasts.done(`${view.name} is deleted`, () => { change.mutate((views) => runViews.put(views, view), { onError: (error) => { toasts.failed(`${view.name} is not back`, error); } }); });
        // What was shown is still shown; it only has no name any more.
        void navigate({ to: "/runs", search: filter, replace: true });
      },
      onError: (error) => { toasts.failed(`${view.name} is still there`, error); },
    });
  };
  return (
    <div className="flex items-center gap-2 border-b px-6 max-sm:px-4">
      <nav aria-label="Views" className="flex min-w-0 flex-1 gap-1 overflow-x-auto overflow-y-hidden">
        {all.map((view, at) => (
          <span key={view.name} className={clsx("flex shrink-0 items-center", at === BUILT_IN.length && "ml-1 border-l pl-2")}>
            <Link to="/runs" search={placeOf(view)} activeOptions={{ exact: true }} aria-current={view === current ? "page" : undefined} className={TAB}>
              {view.name}
              {view === current && changed ? <span title="What is shown is not what the view says" className="size-1.5 rounded-full bg-plate"><span className="sr-only">, changed</span></span> : null}
            </Link>
            {view === current && at >= BUILT_IN.length ? (
              <Menu
                trigger={<button type="button" aria-label={`Acts on the view ${view.name}`} className="rounded-small p-1 text-ink-soft hover:bg-sunken hover:text-ink"><ChevronDown size={13} aria-hidden /></button>}
                acts={[
                  { name: "Update to what is shown", icon: <Save size={13} />, refused: changed ? undefined : "It shows what the view says", do: () => { keep({ name: view.name, filter }); } },
                  { name: "Rename…", icon: <TextCursorInput size={13} />, do: () => { setNaming(view); } },
                  "line",
                  { name: "Delete", icon: <Trash2 size={13} />, danger: true, do: () => { remove(view); } },
                ]}
              />
            ) : null}
          </span>
        ))}
      </nav>
      {current === undefined || changed ? (
        <Button look="quiet" icon={<BookmarkPlus size={14} />} refused={list.isError ? `Your views could not be read: ${sentenceOf(problemOf(list.error))}` : undefined} onClick={() => { setNaming("new"); }}>
          <span className="max-sm:sr-only">Save as view…</span>
        </Button>
      ) : null}
      {naming === null ? null : (
        <NameDialog
          title={naming === "new" ? "Save as a view" : `Rename ${naming.name}`}
          views={own}
          begin={naming === "new" ? "" : naming.name}
          busy={change.isPending}
          error={change.error}
          onClose={() => { change.reset(); setNaming(null); }}
          onName={(name) => {
            const view = naming === "new" ? { name, filter } : { ...naming, name };
            change.mutate((views) => runViews.put(views, view, naming === "new" ? name : naming.name), {
              onSuccess: () => {
                setNaming(null);
                void navigate({ to: "/runs", search: { ...filter, named: name }, replace: true });
              },
            });
          }}
        />
      )}
    </div>
  );
}

/** Where a view is seen. One's own are named in the address, so that what differs from it later can be kept in it. */
function placeOf(view: RunView): RunSearch {
  return BUILT_IN.includes(view) ? view.filter : { ...view.filter, named: view.name };
}

function NameDialog({ title, views, begin, busy, error, onClose, onName }: { title: string; views: readonly RunView[]; begin: string; busy: boolean; error: unknown; onClose: () => void; onName: (name: string) => void }) {
  const [name, setName] = useState(begin);
  const refused = name.trim() === begin && begin !== "" ? "It is called like that" : runViews.refuses(views, name, begin === "" ? undefined : begin);
  return (
    <FormDialog
      title={title}
      description="The server keeps it for you alone; it is there wherever you sign in."
      act="Save"
      refused={refused}
      busy={busy}
      problems={error === null ? [] : [problemOf(error)]}
      onSend={() => { onName(name.trim()); }}
      onClose={onClose}
    >
      <Field label="Name" error={name.trim() === "" || name.trim() === begin ? undefined : refused}>{(ids) => <Input {...ids} autoFocus value={name} placeholder="Failed orders of today" onChange={(event) => { setName(event.target.value); }} />}</Field>
    </FormDialog>
  );
}
