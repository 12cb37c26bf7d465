import { CircleAlert, CircleCheck } from "lucide-react";
import type { ReactNode } from "react";

import { CodeBlock } from "@/kit/CodeBlock";
import { Badge } from "@/kit/Status";
import { Time } from "@/kit/Time";
import { duration } from "@/kit/times";

import { headersOf, outcomeOf, progressOf, type Attempt, type DeliveryDetail, type Signing } from "./deliveries";

interface Props {
  detail: DeliveryDetail;
  signing?: Signing | undefined;
  /** Headers of the subscriber. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** What else is known of the message. */
  more?: ReactNode;
}

/** All that is known of a delivery: what was sent, with which headers, and what each try came to. */
export function DeliveryView({ detail, signing, headers, more }: Props) {
  const { delivery, attempts, body } = detail;
  const { tone, word, about } = progressOf(delivery);
  return (
    <div className="flex flex-col gap-6">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        <dt className="text-ink-soft">State</dt>
        <dd><Badge tone={tone}>{word}</Badge> <span className="text-ink-soft">{about}</span></dd>
        <dt className="text-ink-soft">Message</dt>
        <dd className="font-mono text-small break-all">{delivery.message}</dd>
        <dt className="text-ink-soft">Posted</dt>
        <dd><Time at={delivery.createdAt} /></dd>
        {delivery.dueAt == null ? null : (<><dt className="text-ink-soft">Next try</dt><dd><Time at={delivery.dueAt} /></dd></>)}
        {delivery.endedAt == null ? null : (<><dt className="text-ink-soft">Ended</dt><dd><Time at={delivery.endedAt} /></dd></>)}
        {more}
      </dl>
      <section aria-label="Tries" className="flex flex-col gap-2">
        <h3 className="font-semibold">Tries</h3>
        {attempts.length === 0 ? <p className="text-ink-soft">It was not tried yet.</p> : <ol className="flex flex-col divide-y rounded-base border">{attempts.map((attempt) => <Try key={attempt.number} attempt={attempt} />)}</ol>}
      </section>
      <section className="flex flex-col gap-2">
        <h3 className="font-semibold">Body as it is sent</h3>
        {body == null ? <p className="text-ink-soft">It cannot be made any more: the subscriber or the message is gone, or its transform fails.</p> : <CodeBlock text={body} label="Body" wrap />}
      </section>
      <section aria-label="Headers" className="flex flex-col gap-2">
        <h3 className="font-semibold">Headers</h3>
        <dl className="flex flex-col divide-y rounded-base border">
          {headersOf(detail, signing, headers).map(({ name, value, about: meaning }) => (
            <div key={name} className="px-3 py-2">
              <dt className="font-mono text-small break-all"><span className="text-ink-soft">{name}:</span> {value}</dt>
              <dd className="mt-0.5 text-small text-ink-soft">{meaning}</dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  );
}

function Try({ attempt }: { attempt: Attempt }) {
  const { good, text } = outcomeOf(attempt);
  return (
    <li className="flex gap-2.5 px-3 py-2">
      <span className={`mt-0.5 ${good ? "text-good" : "text-bad"}`}>{good ? <CircleCheck size={15} aria-hidden /> : <CircleAlert size={15} aria-hidden />}</span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{text}</span>
          <span className="text-small text-ink-soft">try {attempt.number} · <Time at={attempt.at} /> · took {duration(attempt.took * 1000)}</span>
        </p>
        {attempt.reason == null ? null : <p className="break-words text-bad">{attempt.reason}</p>}
        {attempt.answer == null || attempt.answer === "" ? null : <pre aria-label={`Answer to try ${String(attempt.number)}`} className="mt-1 max-h-40 overflow-auto rounded-base bg-sunken px-2 py-1 font-mono text-small break-words whitespace-pre-wrap">{attempt.answer}</pre>}
      </div>
    </li>
  );
}
