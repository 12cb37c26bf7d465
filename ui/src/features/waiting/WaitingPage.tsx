import { Page } from "@/kit/Page";

import { DeadLetters } from "./DeadLetters";
import { Waits } from "./Waits";

/** What waits for a person: runs that failed and nobody dealt with, runs that are held, paused, or wait for an answer. */
export function WaitingPage() {
  return (
    <Page title="Waiting" lead="What failed and nobody dealt with, and what goes on only when somebody says so.">
      <div className="flex flex-col gap-6">
        <DeadLetters />
        <Waits />
      </div>
    </Page>
  );
}
