//! What stands above the canvas: where one is, what state the workflow is in, and the acts on the whole of it.

import { Link } from "@tanstack/react-router";
import { ChevronRight, CircleAlert, CircleCheck, CircleHelp, CloudOff, Code, EllipsisVertical, Group, History, List, LoaderCircle, PenLine, Play, Plus, Power, PowerOff, Radio, Redo2, Rocket, Search, Square, StickyNote, Undo2, WandSparkles, Workflow as WorkflowIcon } from "lucide-react";
import { Popover } from "radix-ui";
import { useState, type ReactNode } from "react";

import type { NodeSpec } from "../../canvas/graph/document";
import type { Problem } from "../../canvas/store";
import { Button, IconButton } from "@/kit/Button";
import { Menu } from "@/kit/Menu";
import { Badge } from "@/kit/Status";
import { Tip } from "@/kit/Tip";
import { paths } from "@/paths";
import type { SaveState } from "./autosave";
import { People } from "./People";

export type View = "canvas" | "list" | "text";

export interface FoundProblem {
  readonly node: NodeSpec | undefined;
  readonly problem: Problem;
}

/** What runs when nobody is at the screen. */
export interface Live {
  /** The newest revision; none was ever published without it. */
  readonly published: number | undefined;
  /** The revision whose triggers fire. */
  readonly active: number | undefined;
  /** The draft holds what no revision has. */
  readonly changed: boolean;
}

interface Props {
  readonly name: string;
  readonly title: string;
  readonly onTitle: (title: string) => void;
  readonly saved: SaveState;
  /** Absent until it is known. */
  readonly live: Live | undefined;
  readonly problems: readonly FoundProblem[];
  readonly onProblem: (found: FoundProblem) => void;
  /** Leads to the node that somebody else looks at. */
  readonly onGo: (node: NodeSpec) => void;
  readonly view: View;
  readonly onView: (view: View) => void;
  readonly undo: string | undefined;
  readonly redo: string | undefined;
  readonly acts: Readonly<Record<string, () => void>>;
  readonly empty: boolean;
  readonly selected: number;
  /** Why no run can begin. */
  readonly runRefused: string | undefined;
  readonly running: boolean;
  readonly onRun: () => void;
  readonly onStop: () => void;
  /** There is a trigger that can wait for a test event; whether it does. */
  readonly listening: boolean | undefined;
  readonly onListen: () => void;
  readonly onPublish: () => void;
  readonly onActivate: (active: boolean) => void;
}

export function Toolbar(props: Props) {
  const { acts, live } = props;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b bg-surface px-3 py-2" role="toolbar" aria-label="Editor">
      <nav aria-label="Breadcrumb" className="flex min-w-0 items-center gap-1">
        <Link to={paths.workflows} className="rounded-small px-1 text-ink-soft hover:text-ink hover:underline">Workflows</Link>
        <ChevronRight size={13} aria-hidden className="shrink-0 text-ink-faint" />
        <input
          className="h-7 max-w-64 min-w-24 field-sizing-content truncate rounded-base border border-transparent bg-transparent px-1.5 font-semibold text-ink hover:border-line focus:border-line-strong focus:bg-surface"
          aria-label="Title of the workflow"
          placeholder={props.name}
          value={props.title}
          onChange={(event) => props.onTitle(event.target.value)}
        />
      </nav>
      <div className="flex items-center gap-1.5">
        {live && <LiveBadge live={live} />}
        <Saved state={props.saved} />
        <Problems problems={props.problems} onProblem={props.onProblem} />
      </div>
      <span className="flex-1" />
      <People onGo={props.onGo} />
      <Views view={props.view} onView={props.onView} />
      <div role="group" aria-label="History" className="flex">
        <IconButton name="Undo" icon={<Undo2 size={15} />} keys="Mod+Z" refused={props.undo === undefined ? "There is nothing to undo" : undefined} onClick={acts["undo"]} title={props.undo} />
        <IconButton name="Redo" icon={<Redo2 size={15} />} keys="Mod+Shift+Z" refused={props.redo === undefined ? "There is nothing to redo" : undefined} onClick={acts["redo"]} title={props.redo} />
      </div>
      <div role="group" aria-label="Drawing" className="flex items-center">
        <IconButton name="Find in the workflow" icon={<Search size={15} />} keys="Mod+F" onClick={acts["find"]} />
        <IconButton name="Tidy" icon={<WandSparkles size={15} />} keys="Shift+T" refused={props.empty ? "There is nothing to lay out yet" : undefined} onClick={acts["tidy"]} />
        <Tip text="Add a node" keys="N"><Button icon={<Plus size={15} />} className="ml-1" onClick={acts["add"]}>Add node</Button></Tip>
      </div>
      <div role="group" aria-label="Running" className="flex items-center gap-1.5">
        {props.listening !== undefined && (
          <Tip text={props.listening ? "Stop waiting for a test event" : "Wait for one test event, and run the draft with it"}>
            <Button icon={<Radio size={15} className={props.listening ? "animate-pulse text-busy" : ""} />} aria-pressed={props.listening} onClick={props.onListen}>{props.listening ? "Stop listening" : "Listen"}</Button>
          </Tip>
        )}
        {props.running ? (
          <Button look="danger" icon={<Square size={13} />} onClick={props.onStop}>Stop run</Button>
        ) : (
          <RunButton refused={props.runRefused} onRun={props.onRun} />
        )}
        {live === undefined || live.changed || live.published === undefined || live.published === live.active ? (
          <Button look={live === undefined || live.changed || live.published === undefined ? "primary" : "plain"} icon={<Rocket size={15} />} onClick={props.onPublish} refused={props.empty ? "There is nothing to publish yet" : undefined}>Publish</Button>
        ) : (
          <Tip text={`Triggers run revision ${String(live.published)} from now on`}>
            <Button look="primary" icon={<Power size={15} />} onClick={() => { props.onActivate(true); }}>Go live</Button>
          </Tip>
        )}
        <Menu
          trigger={<IconButton name="More" icon={<EllipsisVertical size={15} />} />}
          acts={[
            live?.active === undefined || live.active !== live.published
              ? { name: live?.active === undefined ? "Activate: triggers fire" : `Activate revision ${String(live.published)}`, icon: <Power size={14} />, refused: live?.published === undefined ? "Publish it first" : undefined, do: () => props.onActivate(true) }
              : { name: "Publish again", icon: <Rocket size={14} />, do: props.onPublish },
            { name: "Deactivate: triggers rest", icon: <PowerOff size={14} />, refused: live?.active === undefined ? "It is not live" : undefined, do: () => props.onActivate(false) },
            "line",
            { name: "Add a note", icon: <StickyNote size={14} />, keys: "Shift+S", do: () => acts["note"]?.() },
            { name: "Group the selection", icon: <Group size={14} />, keys: "Mod+G", refused: props.selected === 0 ? "Select nodes first" : undefined, do: () => acts["group"]?.() },
            { name: "Save the draft now", icon: <CircleCheck size={14} />, keys: "Mod+S", do: () => acts["save"]?.() },
            "line",
            { name: "Revisions", icon: <History size={14} />, do: () => acts["revisions"]?.() },
            { name: "Runs of the workflow", icon: <Play size={14} />, do: () => acts["runs"]?.() },
            { name: "Keys of the editor", icon: <CircleHelp size={14} />, keys: "?", do: () => acts["keys"]?.() },
          ]}
        />
      </div>
    </div>
  );
}

function RunButton({ refused, onRun }: { readonly refused: string | undefined; readonly onRun: () => void }) {
  const button = <Button className={refused === undefined ? "border-good! text-good!" : ""} icon={<Play size={13} fill="currentColor" />} refused={refused} onClick={onRun}>Run</Button>;
  return refused === undefined ? <Tip text="Run the draft" keys="Mod+Enter">{button}</Tip> : button;
}

function LiveBadge({ live }: { readonly live: Live }) {
  const { published, active, changed } = live;
  return (
    <>
      {active !== undefined ? (
        <Badge tone="good"><span aria-hidden className="size-1.5 rounded-full bg-current" />Live r{active}</Badge>
      ) : (
        <Badge>{published === undefined ? "Never published" : `r${published}, not live`}</Badge>
      )}
      {active !== undefined && published !== undefined && published !== active && <Badge tone="wait">r{published} not live</Badge>}
      {changed && published !== undefined && <Badge tone="wait"><PenLine size={11} aria-hidden />Draft changed</Badge>}
    </>
  );
}

const SAVED: Readonly<Record<SaveState["is"], string>> = { saved: "Draft saved", dirty: "Not saved yet", saving: "Saving…", offline: "Kept in this browser", refused: "Not saved" };

function Saved({ state }: { readonly state: SaveState }) {
  const icon: Readonly<Record<SaveState["is"], ReactNode>> = {
    saved: <CircleCheck size={13} aria-hidden />,
    dirty: <PenLine size={13} aria-hidden />,
    saving: <LoaderCircle size={13} aria-hidden className="animate-spin" />,
    offline: <CloudOff size={13} aria-hidden />,
    refused: <CircleAlert size={13} aria-hidden />,
  };
  const bad = state.is === "offline" || state.is === "refused";
  return (
    <span role="status" className={`inline-flex items-center gap-1 text-small whitespace-nowrap ${bad ? "text-bad" : "text-ink-faint"}`} title={"detail" in state ? state.detail : undefined}>
      {icon[state.is]}
      {SAVED[state.is]}
      {"detail" in state ? <span className="max-w-56 truncate">: {state.detail}</span> : null}
    </span>
  );
}

/** How many things keep it from running; opened, it lists them, and each leads to its node. */
function Problems({ problems, onProblem }: { readonly problems: readonly FoundProblem[]; readonly onProblem: (found: FoundProblem) => void }) {
  const [open, setOpen] = useState(false);
  if (problems.length === 0) return null;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button type="button" className="inline-flex h-5 items-center gap-1 rounded-small bg-bad-soft px-1.5 text-small font-medium text-bad hover:brightness-95">
          <CircleAlert size={12} aria-hidden />
          {problems.length === 1 ? "1 problem" : `${problems.length} problems`}
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="start" sideOffset={6} collisionPadding={8} aria-label="Problems" className="z-50 max-h-[60vh] w-96 overflow-auto rounded-base border bg-raised p-1 shadow-high">
          <ul>
            {problems.map((found, index) => (
              <li key={index}>
                <button type="button" className="flex w-full flex-col gap-0.5 rounded-small px-2 py-1.5 text-left hover:bg-sunken" onClick={() => { setOpen(false); onProblem(found); }}>
                  <span className="font-medium">{found.node?.name ?? "Workflow"}</span>
                  <span className="text-ink-soft first-letter:uppercase">{found.problem.detail}</span>
                  {found.problem.hint ? <span className="text-small text-ink-faint first-letter:uppercase">{found.problem.hint}</span> : null}
                  <span className="font-mono text-tiny text-ink-faint">{found.problem.code}{found.problem.pointer ? ` at ${found.problem.pointer}` : ""}</span>
                </button>
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const VIEWS = [
  { view: "canvas", name: "Canvas", icon: <WorkflowIcon size={14} /> },
  { view: "list", name: "List", icon: <List size={14} /> },
  { view: "text", name: "Text", icon: <Code size={14} /> },
] as const;

function Views({ view, onView }: { readonly view: View; readonly onView: (view: View) => void }) {
  return (
    <div role="group" aria-label="View" className="flex rounded-base bg-sunken p-0.5">
      {VIEWS.map((one) => (
        <button
          key={one.view}
          type="button"
          title={one.name}
          aria-pressed={view === one.view}
          onClick={() => onView(one.view)}
          className={`inline-flex h-6 items-center gap-1.5 rounded-small px-2 font-medium ${view === one.view ? "bg-surface text-ink shadow-low" : "text-ink-soft hover:text-ink"}`}
        >
          {one.icon}
          <span className="max-2xl:sr-only">{one.name}</span>
        </button>
      ))}
    </div>
  );
}
