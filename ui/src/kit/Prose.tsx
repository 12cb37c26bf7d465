import { Fragment } from "react";

/** A piece of running text. `code` in back quotes and **strong** words are marked in it as in Markdown. */
export interface Block {
  kind: "text" | "point" | "code";
  text: string;
}

/** Text of guides and of problem codes. */
export function Prose({ blocks }: { blocks: readonly Block[] }) {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const last = groups.at(-1);
    if (block.kind === "point" && last?.[0]?.kind === "point") last.push(block);
    else groups.push([block]);
  }
  return (
    <div className="flex flex-col gap-2.5">
      {groups.map((group, index) => {
        const first = group[0];
        if (first === undefined) return null;
        if (first.kind === "point") {
          return (
            <ul key={index} className="flex list-disc flex-col gap-1 pl-5 marker:text-ink-faint">
              {group.map((block) => <li key={block.text}><Line text={block.text} /></li>)}
            </ul>
          );
        }
        if (first.kind === "code") return <Code key={index} text={first.text} />;
        return <p key={index}><Line text={first.text} /></p>;
      })}
    </div>
  );
}

/** Code that can be scrolled sideways, by keyboard too. */
export function Code({ text, label = "Code" }: { text: string; label?: string }) {
  return (
    <div role="region" aria-label={label} tabIndex={0} className="overflow-x-auto rounded-base border bg-sunken p-3">
      <pre className="font-mono text-small leading-5">{text}</pre>
    </div>
  );
}

/** How a sentence begins. What begins with a name in quotes, or with code, keeps its letters: they are how it is called. */
export function capital(text: string): string {
  return /^\p{L}/u.test(text) ? "first-letter:uppercase" : "";
}

/** A line in which code and strong words are marked. */
export function Line({ text }: { text: string }) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) =>
    part.startsWith("`") && part.length > 2 ? (
      <code key={index} className="rounded-small bg-sunken px-1 py-px font-mono text-small break-words">{part.slice(1, -1)}</code>
    ) : part.startsWith("**") && part.length > 4 ? (
      <strong key={index} className="font-semibold">{part.slice(2, -2)}</strong>
    ) : (
      <Fragment key={index}>{part}</Fragment>
    ),
  );
}
