import { useMutation } from "@tanstack/react-query";
import { Eye, EyeOff, RefreshCw } from "lucide-react";
import { useId, useState } from "react";

import { problemOf } from "@/api/problem";
import type { components } from "@/api/schema";
import { Button } from "@/kit/Button";
import { CopyButton } from "@/kit/CopyButton";
import { Dialog } from "@/kit/Dialog";
import { ProblemText } from "@/kit/States";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";

import type { Signing } from "./deliveries";

export type Key = components["schemas"]["ReceiverKey"];

interface Props {
  signing: Signing;
  show: () => Promise<Key>;
  rotate: (atOnce: boolean) => Promise<Key>;
  /** Until when the key before is used, too, as far as it is known. */
  previousUntil?: number | null | undefined;
  /** Why it can neither be seen nor changed. */
  refused?: string | undefined;
  onRotated?: () => void;
}

const WAYS = [
  { atOnce: false, name: "Use both for a day", about: "Messages carry a signature of each. Receivers change over when they like, and lose none." },
  { atOnce: true, name: "Use the new one at once", about: "Right when somebody else knows the old one. Receivers refuse what comes until they have the new one." },
] as const;

/** The key that receivers check messages with: seen when it is asked for, and changed. It is kept by nobody. */
export function ReceiverKey({ signing, show, rotate, previousUntil, refused, onRotated }: Props) {
  const [key, setKey] = useState<Key | null>(null);
  const [asking, setAsking] = useState(false);
  const [atOnce, setAtOnce] = useState(false);
  const name = useId();
  const look = useMutation({ mutationFn: show, gcTime: 0, onSuccess: setKey, onError: (error) => { toasts.failed("The key was not shown", error); } });
  const change = useMutation({
    mutationFn: () => rotate(atOnce),
    gcTime: 0,
    onSuccess: (made) => {
      setKey(made);
      setAsking(false);
      toasts.done(atOnce ? "The new key is in force" : "Both keys are used for a day");
      onRotated?.();
    },
  });
  const until = key?.previousUntil ?? previousUntil;
  return (
    <div className="flex flex-col gap-3">
      <p className="text-ink-soft">
        {signing === "ed25519" ? "Messages are signed with Ed25519. This key is public: whoever has it can check messages, and forge none." : "Messages are signed with HMAC-SHA256. Whoever has this key can forge messages: give it to the receiver alone."}
      </p>
      {key === null ? null : <KeyLine label="Key" text={key.key} />}
      {key?.previous == null ? null : <KeyLine label="Key before" text={key.previous} />}
      {until == null ? null : <p className="text-small text-wait">The key before is used, too, until <Time at={until} />.</p>}
      <div className="flex flex-wrap gap-2">
        {key === null ? (
          <Button icon={<Eye size={14} />} busy={look.isPending} refused={refused} onClick={() => { look.mutate(); }}>Show the key</Button>
        ) : (
          <Button icon={<EyeOff size={14} />} onClick={() => { setKey(null); }}>Hide it</Button>
        )}
        <Button icon={<RefreshCw size={14} />} refused={refused} onClick={() => { setAsking(true); }}>Make a new one…</Button>
      </div>
      {asking ? (
        <Dialog
          title="A new key"
          open
          onOpenChange={() => { setAsking(false); }}
          footer={<><Button onClick={() => { setAsking(false); }}>Cancel</Button><Button look="primary" busy={change.isPending} onClick={() => { change.mutate(); }}>Make a new key</Button></>}
        >
          <fieldset className="flex flex-col gap-1">
            <legend className="sr-only">How</legend>
            {WAYS.map((way) => (
              <label key={way.name} className="flex cursor-pointer gap-2.5 rounded-base px-2 py-1.5 hover:bg-sunken has-checked:bg-accent-soft">
                <input type="radio" name={name} checked={atOnce === way.atOnce} onChange={() => { setAtOnce(way.atOnce); }} className="mt-0.5 size-4 accent-(--accent)" />
                <span>
                  <span className="block font-medium">{way.name}</span>
                  <span className="block text-small text-ink-soft">{way.about}</span>
                </span>
              </label>
            ))}
          </fieldset>
          {change.isError ? <div role="alert" className="mt-3"><ProblemText problem={problemOf(change.error)} /></div> : null}
        </Dialog>
      ) : null}
    </div>
  );
}

function KeyLine({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <p className="text-small text-ink-soft">{label}</p>
      <div className="flex items-center gap-1 rounded-base border bg-sunken py-1 pr-1 pl-3">
        <code className="min-w-0 flex-1 font-mono text-small break-all select-all">{text}</code>
        <CopyButton text={text} name={`Copy the ${label.toLowerCase()}`} />
      </div>
    </div>
  );
}
