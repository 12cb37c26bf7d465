import { Copy, Ellipsis, Pencil, Play, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";

import { Refusal } from "@/api/problem";
import { Button, IconButton } from "@/kit/Button";
import { Dialog } from "@/kit/Dialog";
import { Checkbox, Field, Input, Select, TextArea } from "@/kit/Field";
import { JsonTree } from "@/kit/JsonTree";
import { Keys } from "@/kit/Keys";
import { Menu } from "@/kit/Menu";
import { Page, Panel } from "@/kit/Page";
import { Prose } from "@/kit/Prose";
import { Empty, Failure, Skeleton } from "@/kit/States";
import { Badge, Status, type Tone } from "@/kit/Status";
import { Switch } from "@/kit/Switch";
import { Table, Td, Th, Tr } from "@/kit/Table";
import { Tabs } from "@/kit/Tabs";
import { Time } from "@/kit/Time";
import { Tip } from "@/kit/Tip";
import { duration } from "@/kit/times";
import { toasts } from "@/kit/toasts";

import { Tokens } from "./Tokens";

const STATES = ["queued", "scheduled", "running", "waiting", "paused", "held", "completed", "failed", "canceled", "superseded"];
const TONES: Tone[] = ["neutral", "good", "busy", "wait", "bad"];
const REFUSED = new Refusal({ code: "FP0501", detail: "the address 10.0.0.7 is private", hint: "allow it in the connection's hosts or in the environment's egress rules", pointer: "/nodes/2/params/url", problems: [] });
const OFFLINE = new TypeError("Failed to fetch");

/** Every part of the kit in every state, in both themes beside each other. For those who build pages. */
export function GalleryPage() {
  return (
    <Page title="Gallery" lead="Every part of the kit in every state. What looks wrong here is wrong everywhere.">
      <div className="grid grid-cols-2 gap-4 max-xl:grid-cols-1">
        {(["light", "dark"] as const).map((theme) => (
          <section key={theme} data-theme={theme} aria-label={`Theme ${theme}`} className="flex min-w-0 flex-col gap-4 rounded-large border bg-ground p-4 text-ink" style={{ colorScheme: theme }}>
            <h2 className="text-large font-semibold first-letter:uppercase">{theme}</h2>
            <Samples theme={theme} />
          </section>
        ))}
      </div>
    </Page>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-2">
      <h3 className="text-small font-medium text-ink-soft">{title}</h3>
      {children}
    </div>
  );
}

const ROW = "flex flex-wrap items-center gap-2";

function Samples({ theme }: { theme: string }) {
  const [on, setOn] = useState(true);
  const [tab, setTab] = useState("one");
  const [dialog, setDialog] = useState(false);
  return (
    <>
      <Part title="Buttons">
        <div className={ROW}>
          {(["primary", "plain", "quiet", "danger"] as const).map((look) => <Button key={look} look={look}>{look}</Button>)}
          <Button icon={<Play size={14} />}>With a picture</Button>
        </div>
        <div className={ROW}>
          {(["primary", "plain", "quiet", "danger"] as const).map((look) => <Button key={look} look={look} refused="Refused: this is why">refused</Button>)}
          <Button look="primary" busy>Busy</Button>
        </div>
        <div className={ROW}>
          <IconButton name="Edit" icon={<Pencil size={14} />} keys="e" />
          <IconButton name="Copy" icon={<Copy size={14} />} look="plain" />
          <IconButton name="Delete" icon={<Trash2 size={14} />} refused="It is in use" />
          <Menu
            trigger={<Button icon={<Ellipsis size={14} />}>Menu</Button>}
            acts={[
              { name: "Edit", icon: <Pencil size={14} />, keys: "e", do: () => undefined },
              { name: "Copy", icon: <Copy size={14} />, refused: "There is nothing to copy", do: () => undefined },
              "line",
              { name: "Delete", icon: <Trash2 size={14} />, danger: true, do: () => undefined },
            ]}
          />
          <Button onClick={() => { setDialog(true); }}>Dialog</Button>
          <Button onClick={() => { toasts.done("It is done", () => undefined); }}>Good news</Button>
          <Button onClick={() => { toasts.failed("It was not done", REFUSED); }}>Bad news</Button>
          <Tip text="A tip" keys="Mod+K"><Button look="quiet">Tip</Button></Tip>
          <Keys keys="Mod+Shift+K" />
        </div>
        <Dialog title="A dialog" description="What it is about." open={dialog} onOpenChange={setDialog} footer={<Button look="primary" onClick={() => { setDialog(false); }}>Agree</Button>}>
          <p>Escape closes it, and the focus goes back to where it was.</p>
        </Dialog>
      </Part>
      <Part title="States of runs, badges, times">
        <div className={ROW}>{STATES.map((state) => <Status key={state} state={state} />)}</div>
        <div className={ROW}>{TONES.map((tone) => <Badge key={tone} tone={tone}>{tone}</Badge>)}</div>
        <p className={`${ROW} text-ink-soft`}>
          <Time at={Date.parse("2026-01-01T00:00:00Z")} /> {[7, 12_000, 3_400_000, 125_000_000].map((micros) => <span key={micros}>{duration(micros)}</span>)}
        </p>
      </Part>
      <Part title="Fields">
        <Field label="Name" hint="Small letters, digits and dashes.">{(ids) => <Input {...ids} defaultValue="orders" />}</Field>
        <Field label="With an error" error="This name is taken">{(ids) => <Input {...ids} defaultValue="greeting" />}</Field>
        <Field label="Empty">{(ids) => <Input {...ids} placeholder="What may stand here" />}</Field>
        <Field label="Disabled">{(ids) => <Input {...ids} disabled defaultValue="fixed" />}</Field>
        <Field label="Choice">{(ids) => <Select {...ids}><option>One</option><option>Two</option></Select>}</Field>
        <Field label="Long text">{(ids) => <TextArea {...ids} defaultValue="Two rails, and a plate between them." />}</Field>
        <div className={ROW}>
          <Checkbox label="Chosen" defaultChecked /> <Checkbox label="Not chosen" />
          <Switch name={`Sample, ${theme}`} checked={on} onChange={setOn} />
          <Switch name={`Switched off, ${theme}`} checked={false} onChange={() => undefined} disabled />
        </div>
      </Part>
      <Part title="Panel, tabs, table, tree">
        <Panel title="A panel" actions={<Button look="quiet">Act</Button>} flush>
          <Tabs
            label={`Samples, ${theme}`}
            value={tab}
            onChange={setTab}
            tabs={[
              {
                value: "one",
                name: "Table",
                content: (
                  <Table label={`Sample table, ${theme}`} head={<><Th>Name</Th><Th>State</Th></>}>
                    <Tr><Td>orders</Td><Td><Status state="running" /></Td></Tr>
                    <Tr><Td>greeting</Td><Td><Status state="completed" /></Td></Tr>
                  </Table>
                ),
              },
              { value: "two", name: "Tree", content: <div className="p-4"><JsonTree value={{ text: "Ada", number: 36, flag: true, nothing: null, list: [1, { deep: "value" }], empty: [] }} /></div> },
            ]}
          />
        </Panel>
        <Prose blocks={[{ kind: "text", text: "Prose with `code` and **strong** words." }, { kind: "point", text: "A point" }, { kind: "code", text: "curl http://127.0.0.1:8321" }]} />
      </Part>
      <Part title="Nothing, loading, wrong, offline">
        <div className="rounded-large border bg-surface"><Empty title="Nothing is here" action={<Button look="primary">Make one</Button>}>What would be here, and what it is good for.</Empty></div>
        <div className="rounded-large border bg-surface" data-sample><Skeleton lines={3} /></div>
        <Failure error={REFUSED} retry={() => undefined} />
        <Failure error={OFFLINE} retry={() => undefined} />
      </Part>
      <Part title="Text on its grounds, with the contrast that was measured"><Tokens /></Part>
    </>
  );
}
