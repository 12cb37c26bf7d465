//! A sign for each node type: what the palette and the cards show in front of a name.

import {
  ArrowDownUp, ArrowRight, Binary, BookUser, Braces, BrushCleaning, CalendarClock, CalendarDays, CircleStop, ClipboardList, ClipboardPen, Clock3, CloudUpload, CodeXml, CornerUpLeft, Database, DatabaseZap, Diff, FileCode, FileDown, FileQuestionMark, FileSpreadsheet, FileUp, FlaskConical, Folder,
  FolderSync, FolderTree, Funnel, GitBranch, GitCommitHorizontal, GitMerge, Globe, Hand, HardDrive, Hash, History, Hourglass, Image, KeyRound, Leaf, Link, List, ListEnd, ListPlus, Mail, MailOpen, Megaphone, Network, Package, PencilLine, PhoneIncoming, Plug, Podcast, Radio, Rabbit, RadioTower, Repeat, Rss, Send, Server, ShieldCheck,
  Sigma, Split, SquareTerminal, StickyNote, Table2, Tags, Terminal, TrainTrack, TriangleAlert, Ungroup, Waypoints, Webhook, Workflow, Wrench, Zap, type LucideIcon,
} from "lucide-react";

import { placeholderOf } from "@/resource/later";
import { ServiceIcon } from "@/resource/ServiceIcon";

const SIGNS: Readonly<Record<string, LucideIcon>> = {
  "http.webhook": Webhook, "webhook.emit": Megaphone, "core.manual": Hand, "core.schedule": CalendarClock, "core.called": PhoneIncoming, "core.error-trigger": TriangleAlert, "core.set": PencilLine,
  "core.if": Split, "core.switch": Network, "core.filter": Funnel, "core.merge": GitMerge, "core.code": Braces, "core.loop": Repeat, "core.wait": Hourglass,
  "core.call": Workflow, "core.split-out": Ungroup, "core.aggregate": Sigma, "core.sort": ArrowDownUp, "core.limit": ListEnd, "core.stop": CircleStop,
  "http.request": Globe, "http.respond": CornerUpLeft, "core.noop": ArrowRight, "core.own-life": TrainTrack, "core.note": StickyNote,
  "core.compare": Diff, "core.compression": Package, "core.convert-to-file": FileUp, "core.extract-from-file": FileDown, "core.crypto": Hash, "core.date-time": CalendarDays, "core.debug-helper": Wrench,
  "core.edit-image": Image, "core.evaluation": FlaskConical, "core.evaluation-trigger": FlaskConical, "core.execution-data": Tags, "core.fishplate": TrainTrack, "core.html": CodeXml, "core.item-lists": List, "core.jwt": ShieldCheck,
  "core.markdown": FileCode, "core.move-binary": Binary, "core.read-write-file": HardDrive, "core.remove-duplicates": BrushCleaning, "core.rename-keys": Tags, "core.rss-read": Rss, "core.spreadsheet-file": FileSpreadsheet,
  "core.summarize": ListPlus, "core.totp": KeyRound, "core.xml": FileCode, "data.table": Table2, "db.mongodb": Leaf, "db.mysql": Database, "db.sqlite": Database, "db.postgres": Database, "db.redis": DatabaseZap, "directory.ldap": BookUser,
  "events.trigger": Radio, "feed.trigger": Podcast, "files.ftp": FolderSync, "files.s3": CloudUpload, "files.trigger": FolderTree, "form.page": ClipboardPen, "form.trigger": ClipboardList, "http.graphql": Waypoints,
  "mail.send": Send, "mail.trigger": MailOpen, "mqtt.publish": RadioTower, "mqtt.trigger": RadioTower, "nats.publish": Link, "nats.trigger": Link, "postgres.trigger": DatabaseZap, "rabbitmq.send": Rabbit, "rabbitmq.trigger": Rabbit,
  "redis.trigger": DatabaseZap, "shell.command": Terminal, "shell.git": GitCommitHorizontal, "shell.ssh": SquareTerminal,
};

/** Where a type is not listed: by its area, then by its group. */
const AREAS: Readonly<Record<string, LucideIcon>> = { db: Database, mail: Mail, files: Folder, shell: Terminal, http: Globe, form: ClipboardList, data: Table2, core: History };
const GROUPS: Readonly<Record<string, LucideIcon>> = { trigger: Zap, flow: GitBranch, transform: PencilLine, action: Server, attachment: Plug, note: StickyNote };

export const hasSign = (type: string) => type in SIGNS;

/** The connector that a type is an operation of: its name stands first. Whatever is not one of ours by its area is. */
function connectorIn(type: string, group: string): string | undefined {
  const [area = ""] = type.split(".");
  return type in SIGNS || group === "unknown" || !type.includes(".") || area in AREAS || placeholderOf(type) !== undefined ? undefined : area;
}

export function Glyph({ type, group }: { readonly type: string; readonly group: string }) {
  const connector = connectorIn(type, group);
  if (connector !== undefined) return <ServiceIcon connector={connector} title={connector} className="ed-glyph ed-service" />;
  const Sign = SIGNS[type] ?? (placeholderOf(type) === undefined ? undefined : Clock3) ?? (group === "unknown" ? undefined : AREAS[type.split(".")[0] ?? ""]) ?? GROUPS[group] ?? FileQuestionMark;
  return <span className={`ed-glyph ed-${group}`} aria-hidden><Sign size={16} strokeWidth={2} /></span>;
}
