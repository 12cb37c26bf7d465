import { CodeBlock } from "@/kit/CodeBlock";
import { Badge } from "@/kit/Status";

import type { KnownEvent } from "./subscribers";

/** What an event type is: when it comes, how its data looks. */
export function EventSheet({ type }: { type: KnownEvent }) {
  return (
    <div className="flex flex-col gap-4">
      <p className="text-ink-soft">
        {type.deprecated === true ? <><Badge tone="wait">deprecated</Badge> It still comes, and is not to be chosen any more. </> : null}
        {type.description === undefined || type.description === "" ? "Nobody has said what it is yet." : type.description}
      </p>
      <section className="flex flex-col gap-1.5">
        <h3 className="font-semibold">What comes</h3>
        <CodeBlock text={JSON.stringify({ type: type.name, timestamp: "2026-01-01T08:00:00.000Z", data: type.example ?? {} }, null, 2)} label="Example" />
        {type.example === undefined ? <p className="text-small text-ink-faint">There is no example of its data.</p> : null}
      </section>
      {type.schema == null ? null : (
        <section className="flex flex-col gap-1.5">
          <h3 className="font-semibold">JSON Schema of the data</h3>
          <CodeBlock text={JSON.stringify(type.schema, null, 2)} label="Schema" />
        </section>
      )}
    </div>
  );
}
