import type { components } from "./schema";

/** A refusal as the server states it: what, where, why, and how to mend it. */
export interface Problem extends Omit<components["schemas"]["Problem"], "code" | "problems"> {
  /** A code of the server's, or one of the client's own. */
  code: string;
  problems?: Problem[];
  title?: string;
  status?: number;
  instance?: string;
}

/** A request that was refused, or that never reached the server. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "Refusal";
    this.problem = problem;
  }

  /** The server could not be reached: nothing is known about what was asked. */
  get offline(): boolean {
    return this.problem.code === OFFLINE;
  }

  /** What was written has been changed by somebody else since it was read. */
  get stale(): boolean {
    return this.problem.status === 412 || this.problem.status === 409;
  }
}

/** Whether what was asked for is not there (any more), or not for whoever asks. */
export function isGone(error: unknown): boolean {
  return error instanceof Refusal && error.problem.status === 404;
}

/** Code of what is larger than the server takes. */
const TOO_LARGE = "FP0005";
/** A body of more than this is one that servers, and proxies before them, hang up on while it is sent. */
const LARGE = 4 << 20;

/** What is larger than it may be, before or after it was sent. */
export function tooLarge(detail: string, hint: string): Refusal {
  return new Refusal({ code: TOO_LARGE, detail, hint, problems: [], status: 413 });
}

/**
 * What no answer came to. Who refuses a large body may close the line in the middle of it, and then a browser hears of a
 * lost connection, and a proxy of a server that is away; the size of what was sent tells the more likely reason.
 */
export function unanswered(error: unknown, sent: number): Refusal {
  const problem = problemOf(error);
  const away = problem.code === OFFLINE || /^http-50[234]$/.test(problem.code);
  if (!away || sent <= LARGE) return error instanceof Refusal ? error : new Refusal(problem);
  return tooLarge(
    `the server hung up while ${(sent / 1_000_000).toFixed(1)} MB were sent to it`,
    `one request takes at most ${String(LARGE >> 20)} MiB: put large content into files, or split it; nothing you typed is lost`,
  );
}

/** Code of refusals that the client makes because no answer came. */
export const OFFLINE = "offline";

/** The refusal that an answer's body states, whatever a proxy between us and the server made of it. */
export function refusalOf(status: number, body: unknown): Refusal {
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    return new Refusal({ ...(body as Problem), status });
  }
  return new Refusal({
    code: `http-${String(status)}`,
    detail: `the server answered ${String(status)} without saying why`,
    hint: "if a proxy stands in front of Fishplate, look into its log",
    problems: [],
    status,
  });
}

/** What was thrown, as a problem that can be shown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  if (error instanceof TypeError) {
    return {
      code: OFFLINE,
      detail: "the server could not be reached",
      hint: "check that Fishplate runs and that this machine is on the network; nothing you typed is lost",
      problems: [],
    };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { code: "app", detail, hint: "reload the page; if it happens again, please report it", problems: [] };
}

/** A refusal's problem with those inside of it, for forms that show each at its field; none when it is no refusal. */
export function problemsOf(error: unknown): Problem[] {
  return error instanceof Refusal ? [error.problem, ...(error.problem.problems ?? [])] : [];
}

/** What is wrong and what to do about it, in one line. */
export function sentenceOf(problem: Problem): string {
  return [problem.detail, problem.hint].filter(Boolean).join(" – ");
}
