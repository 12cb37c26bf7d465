//! A sign for each node type: what the palette and the cards show in front of a name.

import { ArrowDownUp, ArrowRight, Braces, CalendarClock, CircleStop, CornerUpLeft, FileQuestionMark, Funnel, GitBranch, GitMerge, Globe, ListEnd, Hand, Hourglass, Network, PencilLine, PhoneIncoming, Plug, Repeat, Sigma, Split, StickyNote, TriangleAlert, Ungroup, Webhook, Workflow, Zap, type LucideIcon } from "lucide-react";

const SIGNS: Readonly<Record<string, LucideIcon>> = {
  "http.webhook": Webhook, "core.manual": Hand, "core.schedule": CalendarClock, "core.called": PhoneIncoming, "core.error-trigger": TriangleAlert, "core.set": PencilLine,
  "core.if": Split, "core.switch": Network, "core.filter": Funnel, "core.merge": GitMerge, "core.code": Braces, "core.loop": Repeat, "core.wait": Hourglass,
  "core.call": Workflow, "core.split-out": Ungroup, "core.aggregate": Sigma, "core.sort": ArrowDownUp, "core.limit": ListEnd, "core.stop": CircleStop,
  "http.request": Globe, "http.respond": CornerUpLeft, "core.noop": ArrowRight, "core.note": StickyNote,
};

const GROUPS: Readonly<Record<string, LucideIcon>> = { trigger: Zap, flow: GitBranch, transform: PencilLine, action: Globe, attachment: Plug, note: StickyNote };

export function Glyph({ type, group }: { readonly type: string; readonly group: string }) {
  const Sign = SIGNS[type] ?? GROUPS[group] ?? FileQuestionMark;
  return <span className={`ed-glyph ed-${group}`} aria-hidden><Sign size={16} strokeWidth={2} /></span>;
}
