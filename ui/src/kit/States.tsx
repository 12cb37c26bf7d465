import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { CircleAlert, WifiOff } from "lucide-react";
import { createContext, use, type ReactNode } from "react";

import { Button } from "./Button";
import { copy } from "./copy";
import { capital, Line } from "./Prose";
import { OFFLINE, problemOf, type Problem } from "@/api/problem";

/** Nothing is there, and what to do about it. */
export function Empty({ title, children, action, art }: { title: string; children?: ReactNode; action?: ReactNode; art?: ReactNode }) {
  return (
    <div className="flex flex-col items-center justify-center gap-2 px-6 py-14 text-center">
      {art ?? <Gap />}
      <h2 className="text-large font-semibold">{title}</h2>
      {children === undefined ? null : <div className="max-w-md text-ink-soft">{children}</div>}
      {action === undefined ? null : <div className="mt-2 flex gap-2">{action}</div>}
    </div>
  );
}

/** Two rails with a gap between them: what Fishplate is there for. */
function Gap() {
  return (
    <svg aria-hidden width="120" height="40" viewBox="0 0 120 40" className="mb-1">
      <g className="fill-line">
        {[4, 22, 40, 68, 86, 104].map((x) => (
          <rect key={x} x={x} y="25" width="12" height="6" rx="1.5" />
        ))}
      </g>
      <path d="M0 17h53v7H0zM67 17h53v7H67z" className="fill-line-strong" />
      <rect x="44" y="18.5" width="32" height="4" rx="1" className="fill-plate" opacity="0.85" />
    </svg>
  );
}

/** What went wrong, where, and how to mend it. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = problemOf(error);
  return (
    <div role="alert" className="m-4 flex gap-3 rounded-large border border-bad/40 bg-bad-soft p-4">
      <span className="mt-0.5 text-bad">{problem.code === OFFLINE ? <WifiOff size={17} /> : <CircleAlert size={17} />}</span>
      <div className="min-w-0 flex-1">
        <ProblemText problem={problem} />
        <div className="mt-3 flex gap-2">
          {retry === undefined ? null : <Button onClick={retry}>Try again</Button>}
          <Button look="quiet" onClick={() => void copy(JSON.stringify(problem, null, 2))}>
            Copy details
          </Button>
        </div>
      </div>
    </div>
  );
}

/** A problem with everything that the server says about it. */
export function ProblemText({ problem }: { problem: Problem }) {
  return (
    <div className="flex flex-col gap-1 break-words">
      <p className={clsx("font-medium text-ink", capital(problem.detail))}><Line text={problem.detail} /></p>
      {problem.hint == null ? null : <p className={clsx("text-ink-soft", capital(problem.hint))}><Line text={problem.hint} /></p>}
      <p className="font-mono text-tiny text-ink-soft">
        <ProblemCode code={problem.code} />
        {problem.pointer == null || problem.pointer === "" ? null : ` at ${problem.pointer}`}
      </p>
      {problem.problems !== undefined && problem.problems.length > 0 ? (
        <ul className="mt-1 flex list-disc flex-col gap-2 pl-4">
          {problem.problems.map((inner, index) => (
            <li key={index}>
              <ProblemText problem={inner} />
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

/** Whether there is a help page to lead to; customers in the portal have none. */
export const HasHelp = createContext(true);

/** A problem's code, which leads to what it means and what to do about it. */
export function ProblemCode({ code }: { code: string }) {
  const hasHelp = use(HasHelp);
  if (!hasHelp || !/^FP\d{4}$/.test(code)) return code;
  return (
    <Link to="/help" search={{ at: code }} className="underline decoration-current/40 underline-offset-2 hover:text-ink hover:decoration-current">
      {code}
    </Link>
  );
}

/** Lines where text will be. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex animate-pulse flex-col gap-3 p-4">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="h-4 rounded-small bg-line/70" style={{ width: `${String(92 - ((index * 23) % 45))}%` }} />
      ))}
    </div>
  );
}
