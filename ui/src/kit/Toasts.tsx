import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useSyncExternalStore } from "react";

import { Button, IconButton } from "./Button";
import { ProblemText } from "./States";
import { toasts } from "./toasts";

/** Where short news appears. */
export function Toasts() {
  const shown = useSyncExternalStore(toasts.subscribe, toasts.read);
  return (
    <div aria-live="polite" className="pointer-events-none fixed right-4 bottom-4 z-50 flex w-96 max-w-[calc(100vw-2rem)] flex-col gap-2">
      {shown.map((toast) => (
        <div key={toast.id} className="pointer-events-auto flex items-start gap-2.5 rounded-large border bg-raised p-3 shadow-high">
          <span className={toast.tone === "good" ? "mt-0.5 text-good" : "mt-0.5 text-bad"}>
            {toast.tone === "good" ? <CircleCheck size={16} /> : <CircleAlert size={16} />}
          </span>
          <div className="min-w-0 flex-1">
            <p className="font-medium">{toast.text}</p>
            {toast.problem === undefined ? null : <ProblemText problem={toast.problem} />}
          </div>
          {toast.undo === undefined ? null : (
            <Button look="quiet" onClick={() => { toast.undo?.(); toasts.dismiss(toast.id); }}>
              Undo
            </Button>
          )}
          <IconButton name="Dismiss" icon={<X size={14} />} onClick={() => { toasts.dismiss(toast.id); }} />
        </div>
      ))}
    </div>
  );
}
