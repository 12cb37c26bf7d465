import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { Button } from "@/kit/Button";
import { Time } from "@/kit/Time";
import { toasts } from "@/kit/toasts";

type Code = components["schemas"]["DeviceCode"];

/** Seconds that are added when a service is looked at too often (RFC 8628, section 3.5). */
const SLOWER = 5;

/** A code to type in on another device, and the wait for it. */
export function DeviceCode({ name, word, onDone }: { name: string; word: string; onDone: () => void }) {
  const [code, setCode] = useState<Code | null>(null);
  const path = { params: { path: { name } } };
  const begin = useMutation({
    mutationFn: () => data(api.POST("/api/v1/connections/{name}/device", path)),
    onSuccess: setCode,
    onError: (error) => { toasts.failed("There is no code", error); },
  });
  useEffect(() => {
    if (code === null) return undefined;
    let { interval } = code;
    let timer: ReturnType<typeof setTimeout>;
    let over = false;
    const look = async () => {
      try {
        const { connected, slower } = await data(api.POST("/api/v1/connections/{name}/device/poll", { params: { path: { name } }, body: { handle: code.handle } }));
        if (over) return;
        if (connected) {
          setCode(null);
          toasts.done(`${name} is connected`);
          onDone();
          return;
        }
        if (slower) interval += SLOWER;
        timer = setTimeout(() => void look(), interval * 1000);
      } catch (error) {
        if (over) return;
        setCode(null);
        toasts.failed("It was not connected", error);
      }
    };
    timer = setTimeout(() => void look(), interval * 1000);
    return () => {
      over = true;
      clearTimeout(timer);
    };
    // What is done afterwards is not what is waited for.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [code, name]);
  if (code === null) return <Button look="primary" busy={begin.isPending} onClick={() => { begin.mutate(); }}>{word}</Button>;
  return (
    <div role="status" className="flex w-full flex-col gap-1.5">
      <span>
        Open <a className="text-accent hover:underline" href={code.verificationUriComplete ?? code.verificationUri} target="_blank" rel="noopener noreferrer">{code.verificationUri}</a> on any device, and type this in:
      </span>
      <code aria-label="Code" className="text-title font-semibold tracking-wider select-all">{code.userCode}</code>
      <span className="flex items-center gap-2 text-small text-ink-soft">
        It is good until <Time at={code.expiresAt} />.
        <Button look="quiet" onClick={() => { setCode(null); }}>Wait no more</Button>
      </span>
    </div>
  );
}
