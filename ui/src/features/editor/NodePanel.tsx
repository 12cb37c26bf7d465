//! A node, opened: what came in, its parameters, what it put out.

import { Eye, Play, X } from "lucide-react";
import { Fragment, use, useCallback, useEffect, useEffectEvent, useMemo, useRef, useState, type ReactNode } from "react";

import { nodeById, type NodeSpec } from "../../canvas/graph/document";
import { isList, isObject, same, type Json, type JsonObject } from "../../canvas/graph/json";
import { portsOf } from "../../canvas/graph/ports";
import { useEditor, useEditorValue, useHistory, type EditorStore } from "../../canvas/store";
import { Glyph } from "../../canvas/Glyph";
import { placeholderOf, titleOf } from "@/resource/later";
import { Button, IconButton } from "@/kit/Button";
import { toasts } from "@/kit/toasts";
import type { NodeType } from "./calls";
import { ConnectionPicker } from "./ConnectionPicker";
import { Field } from "./form/Field";
import { dailyEditor } from "./form/daily";
import { laidOutFields } from "./form/layout";
import { JsonText } from "./form/JsonText";
import { Said } from "./form/Said";
import { below, placeOf, type Place } from "./form/place";
import { counts, fieldsOf, type FieldSpec } from "./form/schema";
import { FormPreview, showsForm } from "./form/FormPreview";
import { OfferContext } from "./form/offers";
import { ParamsContext } from "./form/tables";
import { FormNodeContext } from "./form/tried";
import { addressesOf, type Addresses } from "./form/Webhook";
import { Items, jsonOf } from "./Items";
import { fetchItems, here, outputOf, PINNED } from "./items";
import { calledBy } from "./Peek";
import { PeekContext } from "./peek";
import { Placeholder } from "./Placeholder";
import { connectorOf } from "./services";
import { slotsOf } from "./slots";
import { errorText, RunContext, stepOf, useRunData } from "./run";

interface Props {
  readonly id: string;
  readonly types: ReadonlyMap<string, NodeType>;
  readonly onClose: () => void;
  readonly onRunNode: (node: NodeSpec) => void;
  readonly onRunTo: (node: NodeSpec) => void;
  /** Where webhooks are reached, up to their path. */
  readonly hooks: string;
}

export function NodePanel({ id, types, onClose, onRunNode, onRunTo, hooks }: Props) {
  const store = useEditor();
  const { document } = useHistory();
  const { run, calls } = use(RunContext);
  const peek = use(PeekContext);
  const node = nodeById(document, id);
  const problems = useEditorValue(useCallback((of: EditorStore) => of.problemsOf(id), [id]));
  const data = useRunData(document, node?.name ?? "");
  const [tab, setTab] = useState<"params" | "options">("params");
  const [seen, setSeen] = useState<"page" | "output">("page");
  const [source, setSource] = useState<string>();
  const [port, setPort] = useState(0);
  const [pinning, setPinning] = useState<readonly Json[]>();
  const [chosen, setItem] = useState(0);
  const count = data.incoming?.count ?? 0;
  const item = Math.min(chosen, Math.max(count - 1, 0));
  const dialog = useRef<HTMLDivElement>(null);
  useEffect(() => dialog.current?.focus(), []);
  if (!node) return null;
  const type = types.get(node.type);
  const called = calledBy(node);
  const n8n = type ? undefined : placeholderOf(node.type);
  const step = stepOf(run, node.name);
  const outputs = portsOf(node, store.setting.groupOf, document).outputs;
  const trigger = store.setting.groupOf(node.type) === "trigger";
  const from = source !== undefined && data.sources.has(source) ? source : undefined;
  const incoming = from === undefined ? data.incoming : data.sources.get(from);
  const out = node.pinned ? here(node.pinned) : outputOf(run, step, port);
  /** Pinned items are part of the document, so not more of them are kept than it should hold. */
  const withItems = async (take: (items: readonly Json[]) => void) => {
    if (!calls || !out) return take([{}]);
    try {
      take(await fetchItems(calls, out, 0, Math.min(out.count, PINNED)));
      if (out.count > PINNED) toasts.done(`The first ${PINNED} of ${out.count} items are taken.`);
    } catch (error) {
      toasts.failed("The items cannot be read.", error);
    }
  };
  const failed = errorText(step?.error);
  const edit: Place["edit"] = (pointer, value) => store.act(`Edit ${node.name}`, [{ type: "setParameter", id, pointer: pointer.slice("/params".length), value }], { key: `${id}${pointer}` });
  const place = placeOf(node.params ?? {}, edit, data, problems);
  return (
    <div className="ed-open" ref={dialog} tabIndex={-1} role="dialog" aria-modal="false" aria-label={`Node ${node.name}`}>
      <header className="ed-head">
        <Glyph type={node.type} group={type?.group ?? "unknown"} />
        <NameInput name={node.name} onRename={(name) => store.act("Rename node", [{ type: "renameNode", id, name }])} />
        <small>{type ? type.title : n8n === undefined ? `${node.type} (unknown here; kept as it is)` : `${titleOf(n8n)} of n8n: a placeholder`}</small>
        <span className="ed-gap" />
        {called !== undefined && peek && <Button icon={<Eye size={14} />} onClick={() => peek([called])}>Look into {called}</Button>}
        {!trigger && <Button onClick={() => onRunNode(node)} refused={data.incoming ? undefined : "Run the nodes before it first: there are no items to run it with"} title={data.incoming ? "Run this node with the items shown on the left" : undefined}>Run node</Button>}
        <Button look="primary" icon={<Play size={13} fill="currentColor" />} onClick={() => onRunTo(node)}>Run to here</Button>
        <IconButton name="Close the node" icon={<X size={16} />} keys="Escape" onClick={onClose} />
      </header>
      <div className="ed-columns">
        <div className="ed-column">
          {!trigger && data.upstream.length > 0 && (
            <select aria-label="Where the items come from" value={from ?? ""} onChange={(event) => setSource(event.target.value === "" ? undefined : event.target.value)}>
              <option value="">Input</option>
              {data.upstream.filter((name) => data.sources.has(name)).map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          )}
          <Items title={trigger ? "Event" : "Input"} source={trigger ? out : incoming} from={from} draggable empty={trigger ? "Nothing has come in yet. Run it, or let it listen for a test event." : "No items yet. Run the nodes before it, and their items show here: drag a field into a parameter."} />
        </div>
        <div className="ed-column ed-params">
          <div role="group" aria-label="Part of the node" className="ed-tabs">
            <button type="button" aria-pressed={tab === "params"} onClick={() => setTab("params")}>Parameters</button>
            <button type="button" aria-pressed={tab === "options"} onClick={() => setTab("options")}>Options</button>
          </div>
          {tab === "params" && count > 1 && (
            <label className="ed-which">Values for item <input type="number" min={1} max={count} value={item + 1} onChange={(event) => setItem(Math.min(Math.max(Math.round(Number(event.target.value)), 1), count) - 1)} /> of {count.toLocaleString()}</label>
          )}
          {type && <p className="ed-about">{type.summary}.</p>}
          {n8n !== undefined && <Placeholder node={node} n8n={n8n} types={types} />}
          {problems.filter((problem) => !/\/params\//.test(problem.pointer ?? "")).map((problem) => <p key={problem.detail} role="alert" className="ed-fault"><Said text={`${problem.detail}${problem.hint ? ` – ${problem.hint}` : ""}`} /></p>)}
          {tab === "options" ? <Options node={node} /> : <FormOf node={node.name} item={item}><Parameters node={node} type={type} place={place} addresses={addressesOf(node.type, hooks, String(node.params?.["path"] ?? ""))} /></FormOf>}
        </div>
        <div className="ed-column">
          {showsForm(node) && (
            <div role="group" aria-label="What is shown here" className="ed-tabs">
              <button type="button" aria-pressed={seen === "page"} onClick={() => setSeen("page")}>Preview</button>
              <button type="button" aria-pressed={seen === "output"} onClick={() => setSeen("output")}>{trigger ? "Event" : "Output"}</button>
            </div>
          )}
          {showsForm(node) && seen === "page" ? <FormPreview node={node} /> : <>
          {outputs.length > 1 && node.pinned === undefined && (
            <div role="group" aria-label="Output" className="ed-tabs">
              {outputs.map((name, index) => <button key={index} type="button" aria-pressed={port === index} onClick={() => setPort(index)}>{name || index}{step?.outputCounts[index] === undefined ? "" : ` (${step.outputCounts[index]})`}</button>)}
            </div>
          )}
          {failed !== undefined && <p role="alert" className="ed-fault">{failed}</p>}
          <div className="ed-pair">
            <button type="button" aria-pressed={node.pinned !== undefined} disabled={node.pinned === undefined && !out} title={out ? "Draft runs use these items instead of running the node" : "There are no items to pin yet"}
              onClick={() => { if (node.pinned) store.act("Unpin", [{ type: "pin", id, items: undefined }]); else void withItems((items) => store.act("Pin", [{ type: "pin", id, items }])); }}>
              {node.pinned ? "Unpin" : "Pin items"}
            </button>
            <button type="button" aria-expanded={pinning !== undefined} onClick={() => { if (pinning) setPinning(undefined); else void withItems(setPinning); }}>{pinning ? "Done" : "Edit items"}</button>
          </div>
          {pinning ? <PinEditor key={id} items={node.pinned ?? pinning} onPin={(items) => store.act("Edit pinned items", [{ type: "pin", id, items }], { key: `${id}/pinned` })} /> : <Items title={node.pinned ? "Pinned output" : "Output"} source={out} empty="It has not run yet." />}
          {step?.logs && step.logs.length > 0 && <section className="ed-logs" aria-label="Log">{step.logs.map((line, index) => <code key={index}>{typeof line === "string" ? line : String((line as { t?: string } | null)?.t ?? JSON.stringify(line))}</code>)}</section>}
          </>}
        </div>
      </div>
    </div>
  );
}

/** What expressions in the form are tried on. */
function FormOf({ node, item, children }: { readonly node: string; readonly item: number; readonly children: ReactNode }) {
  return <FormNodeContext value={useMemo(() => ({ node, item }), [node, item])}>{children}</FormNodeContext>;
}

/** The name is written when it is done, because every name on the way would be in the expressions of other nodes. */
function NameInput({ name, onRename }: { readonly name: string; readonly onRename: (name: string) => boolean }) {
  const [text, setText] = useState<string>();
  const written = useRef<string>(undefined);
  const put = (next: string | undefined) => { written.current = next; setText(next); };
  const rename = () => {
    const next = written.current;
    written.current = undefined;
    if (next !== undefined && next.trim() !== name) onRename(next);
  };
  // Closed with the keyboard, the field goes away without having lost the focus.
  const gone = useEffectEvent(rename);
  useEffect(() => () => gone(), []);
  const leave = () => { rename(); setText(undefined); };
  return <input className="ed-name" aria-label="Name of the node" value={text ?? name} onChange={(event) => put(event.target.value)} onBlur={leave} onKeyDown={(event) => { if (event.key === "Enter") leave(); }} />;
}

/** The field that the account belongs to, where it is not the first thing to be asked. */
const ACCOUNT_AFTER: Readonly<Record<string, string>> = { "http.request": "url", "http.webhook": "auth", "form.trigger": "auth", "http.respond": "with", "core.wait": "door" };

function Parameters({ node, type, place, addresses }: { readonly node: NodeSpec; readonly type: NodeType | undefined; readonly place: Place; readonly addresses: Addresses | undefined }) {
  const store = useEditor();
  const [all, setAll] = useState(false);
  const params = node.params ?? {};
  const fields = type ? fieldsOf(type.params) : [];
  const known = new Set(fields.map((field) => field.name));
  const { front, more } = laidOutFields(node.type, fields.filter((field) => counts(node.type, field, params, fields)), params);
  const set = more.filter((field) => params[field.name] !== undefined).length;
  const shown = (field: FieldSpec) => {
    const made = dailyEditor(node.type, field.name, field.label, { whole: place, params, addresses });
    return made === null ? null : <div key={field.name}>{made ?? <Field spec={field} place={below(place, params, field.name)} />}</div>;
  };
  const slots = slotsOf(node, type);
  const onConnection = (slot: string, name: string | undefined) => {
    const { [slot]: _before, ...others } = node.connections ?? {};
    const connections = name === undefined ? others : { ...others, [slot]: name };
    const choose = { type: "setOption" as const, id: node.id, option: "connections", value: Object.keys(connections).length === 0 ? undefined : connections };
    // A request is signed when its parameters say so, and the chosen account is what says so here.
    const authentication = name === undefined ? undefined : params["authentication"] === "predefined" ? "predefined" : "generic";
    store.act("Choose connection", [choose, ...(node.type === "http.request" && slot === "auth" ? [{ type: "setParameter" as const, id: node.id, pointer: "/authentication", value: authentication }] : [])]);
  };
  const visible = new Set([...front, ...more].map((field) => field.name));
  // What is wrong with a field that does not count now would be said nowhere.
  const elsewhere = place.problems.filter((problem) => { const name = /\/params\/([^/]+)/.exec(problem.pointer ?? "")?.[1]; return name !== undefined && known.has(name) && !visible.has(name); });
  const strange = Object.keys(params).filter((key) => !known.has(key));
  const writeAll = (whole: JsonObject) => {
    for (const key of new Set([...(type ? strange : Object.keys(params)), ...Object.keys(whole)])) {
      if (!same(params[key], whole[key])) below(place, params, key).onChange(whole[key]);
    }
  };
  const pickers = slots.map(({ slot, kinds }) => <ConnectionPicker key={slot} slot={slot} kinds={kinds} service={connectorOf(type)} value={String(node.connections?.[slot] ?? "")} onChange={(name) => onConnection(slot, name)} />);
  const besides = ACCOUNT_AFTER[node.type];
  const refuseParameters = (value: Json) => {
    if (!isObject(value)) return "an object is expected: { … }";
    const twice = type && Object.keys(value).find((key) => known.has(key));
    return twice === undefined ? undefined : `\`${twice}\` has its own field above`;
  };
  const connections = node.connections;
  const offer = useMemo(() => ({ type: node.type, connections: Object.fromEntries(Object.entries(connections ?? {}).map(([slot, name]) => [slot, String(name)])) }), [node.type, connections]);
  return (
    <ParamsContext value={params}>
    <OfferContext value={offer}>
    <div className="ed-form">
      {elsewhere.map((problem) => <p key={problem.detail} role="alert" className="ed-fault"><Said text={`${problem.detail}${problem.hint ? ` – ${problem.hint}` : ""}`} /></p>)}
      {!front.some((field) => field.name === besides) && pickers}
      {front.map((field) => <Fragment key={field.name}>{shown(field)}{field.name === besides && pickers}</Fragment>)}
      {type && fields.length === 0 && <p className="ed-empty">It has no parameters.</p>}
      {more.length > 0 && (
        <details className="ed-more" open={all} onToggle={(event) => setAll(event.currentTarget.open)}>
          <summary>More{set > 0 ? ` (${set} set)` : ""}</summary>
          {all && more.map(shown)}
        </details>
      )}
      {(!type || strange.length > 0) && (
        <div className="ed-row">
          <div className="ed-label"><span>{type ? "Other parameters" : "Parameters"} (JSON)</span></div>
          <JsonText label="Parameters as JSON" lines value={type ? Object.fromEntries(strange.map((key) => [key, params[key] ?? null])) : params}
            onChange={(value) => writeAll(isObject(value) ? value : {})} refuse={refuseParameters} />
        </div>
      )}
    </div>
    </OfferContext>
    </ParamsContext>
  );
}

/** Pinned items as JSON. They are a part of the document, so each text that is right is there at once. */
function PinEditor({ items, onPin }: { readonly items: readonly Json[]; readonly onPin: (items: readonly Json[]) => void }) {
  return (
    <div className="ed-row">
      <JsonText label="Pinned items" lines value={items.map(jsonOf)} onChange={(value) => onPin(isList(value) ? value.map((item) => ({ json: item })) : [])}
        refuse={(value) => (isList(value) && value.every(isObject) ? undefined : "a list of items is expected: [{ … }]")} />
      <p className="ed-about">Draft runs use these items instead of running the node.</p>
    </div>
  );
}

function Options({ node }: { readonly node: NodeSpec }) {
  const store = useEditor();
  const set = (option: string, value: Json | undefined) => store.act("Change option", [{ type: "setOption", id: node.id, option, value }], { key: `${node.id}/${option}` });
  const flag = (option: "disabled" | "alwaysOutputData" | "executeOnce", label: string) => (
    <label className="ed-check"><input type="checkbox" checked={node[option] === true} onChange={(event) => set(option, event.target.checked ? true : undefined)} /> {label}</label>
  );
  const tries = node.retry?.["tries"];
  return (
    <div className="ed-form">
      {flag("disabled", "Disabled: passes its first input through")}
      {flag("executeOnce", "Runs for the first item only")}
      {flag("alwaysOutputData", "Puts out an empty item when there would be none")}
      <label className="ed-row"><span>When it fails</span>
        <select value={node.onError ?? "stop"} onChange={(event) => set("onError", event.target.value === "stop" ? undefined : event.target.value)}>
          <option value="stop">The run fails</option>
          <option value="continue">Go on, with the error in the item</option>
          <option value="errorBranch">Leave through an error output</option>
        </select>
      </label>
      <label className="ed-row"><span>Tries</span><input type="number" min={1} max={100} value={typeof tries === "number" ? tries : 1} onChange={(event) => set("retry", Number(event.target.value) > 1 ? { wait: "1s", ...node.retry, tries: Number(event.target.value) } : undefined)} /></label>
      {node.retry && <label className="ed-row"><span>Wait between tries</span><input value={String(node.retry["wait"] ?? "1s")} onChange={(event) => set("retry", { ...node.retry, wait: event.target.value })} /></label>}
      <label className="ed-row"><span>Longest time of a try</span><input placeholder="30s" value={String(node["timeout"] ?? "")} onChange={(event) => set("timeout", event.target.value === "" ? undefined : event.target.value)} /></label>
      <label className="ed-row"><span>Note at the node</span><textarea rows={3} value={node.notes ?? ""} onChange={(event) => set("notes", event.target.value === "" ? undefined : event.target.value)} /></label>
    </div>
  );
}
