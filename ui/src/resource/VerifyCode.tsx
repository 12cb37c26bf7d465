import { useState } from "react";

import { Choice } from "@/kit/Choice";
import { CodeBlock } from "@/kit/CodeBlock";

import type { Signing } from "./deliveries";
import { snippetsOf, type Snippet } from "./verify";

const LANGUAGES = (["JavaScript", "Python", "Go"] as const).map((value) => ({ value, name: value }));

/** How the receiver checks that a message is ours, in its language. */
export function VerifyCode({ signing }: { signing: Signing }) {
  const [language, setLanguage] = useState<Snippet["language"]>("JavaScript");
  const snippet = snippetsOf(signing).find((known) => known.language === language);
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p className="text-ink-soft">Whatever does not pass is not from here: refuse it, and do nothing with it.</p>
        <Choice label="Language" value={language} onChange={setLanguage} of={LANGUAGES} />
      </div>
      {snippet === undefined ? null : (
        <>
          {snippet.install === null ? null : <CodeBlock text={snippet.install} label="Installation" />}
          <CodeBlock text={snippet.code} label={`${language} code`} />
        </>
      )}
    </div>
  );
}
