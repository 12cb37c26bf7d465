import { Fragment } from "react";

import { blocksOf, type Block, type Span } from "./markdown";
import { Code } from "./Prose";

/** A text that somebody wrote in Markdown. It is shown as text whatever stands in it: nothing of it is markup of ours. */
export function Markdown({ text }: { text: string }) {
  return <div className="flex flex-col gap-2.5 break-words">{blocksOf(text).map((block, index) => <Part key={index} block={block} />)}</div>;
}

function Part({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading": {
      // The page has its own headings above these.
      const Heading = block.level === 1 ? "h3" : block.level === 2 ? "h4" : block.level === 3 ? "h5" : "h6";
      return <Heading className={block.level === 1 ? "text-large font-semibold" : "font-semibold"}><Spans of={block.spans} /></Heading>;
    }
    case "text":
      return <p><Spans of={block.spans} /></p>;
    case "quote":
      return <blockquote className="border-l-2 border-line-strong pl-3 text-ink-soft"><Spans of={block.spans} /></blockquote>;
    case "code":
      return <Code text={block.text} />;
    case "line":
      return <hr className="border-t" />;
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List className={`flex flex-col gap-1 pl-5 marker:text-ink-faint ${block.ordered ? "list-decimal" : "list-disc"}`}>
          {block.items.map((item, index) => (
            <li key={index}>
              {item.done === null ? null : <span className="mr-1.5" role="img" aria-label={item.done ? "Done:" : "To do:"}>{item.done ? "☑" : "☐"}</span>}
              <Spans of={item.spans} />
            </li>
          ))}
        </List>
      );
    }
  }
}

function Spans({ of }: { of: readonly Span[] }) {
  return of.map((span, index) => {
    switch (span.kind) {
      case "code":
        return <code key={index} className="rounded-small bg-sunken px-1 py-px font-mono text-small break-words">{span.text}</code>;
      case "strong":
        return <strong key={index} className="font-semibold">{span.text}</strong>;
      case "em":
        return <em key={index}>{span.text}</em>;
      case "link":
        return <a key={index} href={span.to} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">{span.text}</a>;
      case "text":
        return <Fragment key={index}>{span.text}</Fragment>;
    }
  });
}
