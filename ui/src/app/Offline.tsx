import { useQueryClient } from "@tanstack/react-query";
import { CircleAlert, WifiOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore, type ReactNode } from "react";

import type { Liveness } from "@/api/follow";
import { Button } from "@/kit/Button";
import { ProblemCode } from "@/kit/States";

import { live } from "./live";

/** How things stand between the page and the server. */
export type Standing = Liveness | "offline";

const network = {
  read: (): boolean => navigator.onLine,
  subscribe(listener: () => void): () => void {
    addEventListener("online", listener);
    addEventListener("offline", listener);
    return () => {
      removeEventListener("online", listener);
      removeEventListener("offline", listener);
    };
  },
};

/** A browser that says it has a network may be wrong; one that says it has none is right, but for a server on the same machine. */
export function useStanding(): Standing {
  const liveness = useSyncExternalStore(live.subscribe, live.read);
  const online = useSyncExternalStore(network.subscribe, network.read);
  return liveness === "cut" && !online ? "offline" : liveness;
}

/** The standing in a word, with its colour. */
export const STANDINGS: Record<Standing, { word: string; dot: string }> = {
  live: { word: "live", dot: "bg-good" },
  connecting: { word: "connecting", dot: "bg-wait" },
  cut: { word: "cut off", dot: "bg-bad" },
  offline: { word: "no network", dot: "bg-bad" },
  refused: { word: "not live", dot: "bg-bad" },
};

/** A reconnection that takes a moment is nobody's concern. */
const MOMENT = 2_500;

/** Says that what is shown may be old, since when, and why; and says nothing when it is not. */
export function Offline({ onPlaces }: { onPlaces: () => void }) {
  const standing = useStanding();
  const client = useQueryClient();
  // Since when, once it has lasted longer than a moment.
  const [since, setSince] = useState<Date | null>(null);
  const away = standing !== "live" && standing !== "refused";
  useEffect(() => {
    if (!away) return undefined;
    const began = new Date();
    const timer = setTimeout(() => { setSince(began); }, MOMENT);
    return () => {
      clearTimeout(timer);
      setSince(null);
      // Nobody knows what changed meanwhile, and what could not be read can be now.
      void client.invalidateQueries();
    };
  }, [away, client]);
  const problem = live.problem();
  if (standing === "refused" && problem !== undefined) {
    return (
      <Bar icon={<CircleAlert size={15} aria-hidden />} actions={problem.status === 404 || problem.status === 403 ? <Button look="quiet" onClick={onPlaces}>Go elsewhere</Button> : <Button look="quiet" onClick={() => void client.invalidateQueries()}>Read anew</Button>}>
        News do not come by themselves: {problem.detail} (<ProblemCode code={problem.code} />).
      </Bar>
    );
  }
  if (!away || since === null) return null;
  return (
    <Bar icon={<WifiOff size={15} aria-hidden />} actions={<Button look="quiet" onClick={live.hurry}>Try now</Button>}>
      {standing === "offline" ? "This machine has no network." : "The server does not answer."}{" "}
       What you see is from {since.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })} and may be old; what you type stays where it is. It goes on by itself.
    </Bar>
  );
}

function Bar({ icon, actions, children }: { icon: ReactNode; actions: ReactNode; children: ReactNode }) {
  return (
    <div role="status" className="flex items-center gap-2.5 border-b border-wait/40 bg-wait-soft px-4 py-1.5 text-wait">
      <span className="shrink-0">{icon}</span>
      <div className="min-w-0 flex-1">{children}</div>
      {actions}
    </div>
  );
}
