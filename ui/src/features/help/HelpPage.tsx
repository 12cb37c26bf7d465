import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ArrowRight, BookOpen, CircleAlert, Search } from "lucide-react";
import { useEffect, useRef } from "react";

import { GUIDES, type GuideName } from "@/kit/guides";
import { Input } from "@/kit/Field";
import { Loaded } from "@/kit/Loaded";
import { Page } from "@/kit/Page";
import { Prose } from "@/kit/Prose";
import { Empty } from "@/kit/States";

import { findCodes, findGuides, type Code } from "./find";
import { TEXTS } from "./guides";

const ROW = "flex items-center gap-2.5 rounded-base px-2.5 py-1.5 text-ink-soft hover:bg-line/50 hover:text-ink aria-[current=page]:bg-surface aria-[current=page]:font-medium aria-[current=page]:text-ink aria-[current=page]:shadow-low";

/** Short guides and the text of every problem code. What is open and what is searched is in the address. */
export function HelpPage() {
  const { at, find } = useSearch({ from: "/shell/help" });
  const navigate = useNavigate();
  const article = useRef<HTMLElement>(null);
  // The texts are in the app, in a part of it that only this page loads.
  const codes = useQuery({ queryKey: ["problem-codes"], queryFn: async () => (await import("@/api/problems.json")).default as Code[], staleTime: Infinity });
  const search = find ?? "";
  const guides = findGuides(search);
  const found = findCodes(codes.data ?? [], search);
  const open = at ?? "first-workflow";
  useEffect(() => {
    // In narrow windows the text stands below the list: who has chosen came to read.
    if (at !== undefined) article.current?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return (
    <Page title="Help" lead="Short guides, and what each problem code means.">
      <div className="grid grid-cols-[17rem_minmax(0,1fr)] items-start gap-8 max-lg:grid-cols-1">
        <div className="flex flex-col gap-4 lg:sticky lg:top-4">
          <div className="relative">
            <Search size={14} aria-hidden className="absolute top-2.25 left-2.5 text-ink-faint" />
            <Input
              type="search"
              aria-label="Search the help"
              placeholder="Words, or a code such as FP0002"
              className="pl-8"
              value={search}
              onChange={(event) => void navigate({ to: "/help", search: (old) => ({ ...old, find: event.target.value }), replace: true })}
            />
          </div>
          {guides.length > 0 ? (
            <nav aria-label="Guides" className="flex flex-col gap-px">
              {guides.map((name) => (
                <Link key={name} to="/help" search={{ at: name, ...(find === undefined ? {} : { find }) }} aria-current={open === name ? "page" : undefined} className={ROW}>
                  <BookOpen size={14} aria-hidden className="shrink-0" />
                  {TEXTS[name].title}
                </Link>
              ))}
            </nav>
          ) : null}
          {found.length > 0 ? (
            <nav aria-label="Problem codes">
              <h2 className="px-2.5 pb-1 text-tiny font-medium text-ink-faint">Problem codes</h2>
              <div role="region" aria-label="List of problem codes" tabIndex={0} className="flex max-h-[45vh] flex-col gap-px overflow-y-auto max-lg:max-h-56">
                {found.map(({ code, title }) => (
                  <Link key={code} to="/help" search={{ at: code, ...(find === undefined ? {} : { find }) }} aria-current={open === code ? "page" : undefined} className={ROW}>
                    <span className="shrink-0 font-mono text-small">{code}</span>
                    <span className="min-w-0 truncate" title={title}>{title}</span>
                  </Link>
                ))}
              </div>
            </nav>
          ) : null}
          {guides.length + found.length === 0 && !codes.isPending ? <p role="status" className="px-2.5 text-ink-soft">Nothing has these words.</p> : null}
        </div>
        <article ref={article} className="min-w-0 rounded-large border bg-surface p-8 shadow-low max-sm:p-5">
          {isGuide(open) ? (
            <GuideText name={open} />
          ) : (
            <Loaded of={codes}>{(all) => <CodeText code={all.find(({ code }) => code === open)} asked={open} />}</Loaded>
          )}
        </article>
      </div>
    </Page>
  );
}

function isGuide(name: string): name is GuideName {
  return (GUIDES as readonly string[]).includes(name);
}

function GuideText({ name }: { name: GuideName }) {
  const { title, lead, sections } = TEXTS[name];
  return (
    <div className="flex max-w-2xl flex-col gap-7">
      <header>
        <h2 className="text-title font-semibold tracking-tight">{title}</h2>
        <p className="mt-1 text-large text-ink-soft">{lead}</p>
      </header>
      {sections.map((part) => (
        <section key={part.title} className="flex flex-col gap-2">
          <h3 className="text-large font-semibold">{part.title}</h3>
          <Prose blocks={part.blocks} />
          {part.to === undefined ? null : (
            <Link to={part.to.path} search={part.to.search ?? {}} className="inline-flex items-center gap-1 self-start font-medium text-accent hover:underline">
              {part.to.name} <ArrowRight size={14} aria-hidden />
            </Link>
          )}
        </section>
      ))}
    </div>
  );
}

function CodeText({ code, asked }: { code: Code | undefined; asked: string }) {
  if (code === undefined) {
    return <Empty title={`There is no guide or code ${asked}`}>It may belong to another release. Search for words of it.</Empty>;
  }
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <header>
        <p className="flex items-center gap-1.5 font-mono text-small text-ink-soft">
          <CircleAlert size={14} aria-hidden /> {code.code}
        </p>
        <h2 className="mt-1 text-title font-semibold tracking-tight first-letter:uppercase">{code.title}</h2>
        <p className="mt-1 text-ink-soft">{code.status}</p>
      </header>
      {code.sections.map((part) => (
        <section key={part.name} className="flex flex-col gap-2">
          <h3 className="text-large font-semibold">{part.name}</h3>
          <Prose blocks={part.blocks} />
        </section>
      ))}
    </div>
  );
}
