import { useNavigate } from "@tanstack/react-router";
import { Ban, Ellipsis, FileSearch, Pause, Pencil, Play, RadioTower, RotateCcw, Send } from "lucide-react";
import { useState } from "react";

import { api, data } from "@/api/client";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Menu } from "@/kit/Menu";
import { plural } from "@/kit/times";
import { toasts } from "@/kit/toasts";
import { inPlace, newestRefused } from "@/resource/repeats";
import { hasEnded, type RunHead } from "@/resource/runSteps";

import type { Acts } from "./useActs";

interface Replay {
  steps: number;
  differences: { step: number; node: string; recorded: string; replayed: string }[];
}

/** What can be done to the run as a whole. */
export function RunActs({ head, acts, onSignal }: { head: RunHead; acts: Acts; onSignal: () => void }) {
  const navigate = useNavigate();
  const [replay, setReplay] = useState<Replay | null>(null);
  const open = !hasEnded(head);
  const again = inPlace(head);
  const path = { params: { path: { run: head.id } } };
  return (
    <>
      {again === null ? null : <Button look="primary" icon={<RotateCcw size={14} />} busy={acts.busy} onClick={() => { acts.retry(again.done, {}); }}>{again.name}</Button>}
      {head.status === "paused" || head.status === "held" ? <Button icon={<Play size={14} />} onClick={() => { acts.steer("It goes on", "resume"); }}>Resume</Button> : null}
      {head.status === "running" || head.status === "waiting" ? <Button icon={<Pause size={14} />} onClick={() => { acts.steer("It pauses", "pause"); }}>Pause</Button> : null}
      {open ? <Button look="danger" icon={<Ban size={14} />} onClick={() => { acts.steer("It was asked to stop", "cancel"); }}>Cancel</Button> : null}
      <Button icon={<Pencil size={14} />} onClick={() => void navigate({ to: "/workflows/$name/edit", params: { name: head.workflow } })}>Edit workflow</Button>
      <Menu
        trigger={<IconButton name="More" icon={<Ellipsis size={16} />} />}
        acts={[
          { name: "Send a signal…", icon: <RadioTower size={13} />, do: onSignal, refused: open ? undefined : "It has ended, and hears nothing any more" },
          "line",
          { name: "Retry on the newest revision", icon: <RotateCcw size={13} />, do: () => { acts.retry("Goes on from the failed step, on the newest revision", { newest: true }); }, refused: newestRefused(head) },
          { name: "Run again from the start", icon: <Play size={13} />, do: () => { acts.retry("Runs again from the start", { fromStart: true }); } },
          { name: "From the start, on the newest revision", icon: <Play size={13} />, do: () => { acts.retry("Runs again from the start, on the newest revision", { fromStart: true, newest: true }); } },
          {
            name: "Replay with the network off",
            icon: <FileSearch size={13} />,
            refused: open ? "It has not ended" : undefined,
            do: () => {
              data(api.POST("/api/v1/runs/{run}/replay", path)).then(setReplay, (error: unknown) => { toasts.failed("It could not be replayed", error); });
            },
          },
          "line",
          { name: "Copy its id", icon: <Send size={13} />, do: () => void navigator.clipboard.writeText(head.id) },
        ]}
      />
      <Dialog
        title="Replay"
        open={replay !== null}
        onOpenChange={() => { setReplay(null); }}
        wide
        description={replay === null ? "" : replay.differences.length === 0 ? `${plural(replay.steps, "execution")} gave the same again.` : `${plural(replay.differences.length, "step")} answered differently.`}
      >
        <ul className="flex flex-col gap-3">
          {(replay?.differences ?? []).map((difference) => (
            <li key={difference.step}>
              <p className="font-medium">{difference.node}</p>
              <pre className="overflow-x-auto rounded-base bg-bad-soft p-2 font-mono text-small">{difference.recorded}</pre>
              <pre className="mt-1 overflow-x-auto rounded-base bg-good-soft p-2 font-mono text-small">{difference.replayed}</pre>
            </li>
          ))}
        </ul>
      </Dialog>
    </>
  );
}
