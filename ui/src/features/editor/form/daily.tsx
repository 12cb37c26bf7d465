//! Which parameters have an editor of their own; the others are made from the schema.

import { isList, type JsonObject } from "../../../canvas/graph/json";
import { Assignments } from "./Assignments";
import { CalledInputs, CalledWorkflow } from "./Call";
import { FieldNames } from "./Cell";
import { Conditions, Fallback, Rules } from "./Conditions";
import { ExpressionInput } from "./ExpressionInput";
import { FormBuilder } from "./FormBuilder";
import { AggregateFields, DeclaredFields, LimitLine, MatchPairs, SortFields, StopWith, TimeLine, WaitLine } from "./lines";
import { MergeModes } from "./Merge";
import { Pairs } from "./Pairs";
import { below, type Place } from "./place";
import { Body, HEADERS, JsonValue, RequestLine } from "./Request";
import { Said } from "./Said";
import { Schedule } from "./Schedule";
import { Answers, Callers, Methods, AddressPath, type Addresses } from "./Webhook";

export interface FormContext {
  /** All parameters of the node, for editors that show several of them. */
  readonly whole: Place;
  readonly params: JsonObject;
  readonly addresses: Addresses | undefined;
}

function CodeField({ place, hint }: { readonly place: Place; readonly hint: string }) {
  return (
    <div className="ed-row" data-pointer={place.pointer}>
      <div className="ed-label"><span>JavaScript</span></div>
      <ExpressionInput label="Code" language="script" lines value={String(place.value ?? "")} onChange={place.onChange} data={place.data} />
      <p className="ed-hint"><Said text={hint} /></p>
    </div>
  );
}

function codeHint(params: JsonObject): string {
  return params["mode"] === "runOnceForEachItem" ? "Gives back the item: `$json` is what it has, `return { ... }` what it gets. Fields can be dragged in." : "Gives back a list of items: `$input.all()` is what came in. Fields can be dragged in.";
}

export function dailyEditor(type: string, name: string, label: string, { whole, params, addresses }: FormContext): React.ReactNode | undefined {
  const place = below(whole, params, name);
  switch (`${type}/${name}`) {
    case "core.set/fields":
      return <Assignments place={place} />;
    case "core.set/json":
    case "core.called/example":
    case "http.respond/json":
    case "http.respond/claims":
    case "core.stop/object":
      return <JsonValue label={label} place={place} />;
    case "core.if/conditions":
    case "core.filter/conditions":
      return <Conditions place={place} />;
    case "core.switch/rules":
      return <Rules place={place} />;
    case "core.switch/fallbackOutput":
      return <Fallback place={place} outputs={isList(params["rules"]) ? params["rules"].length : 0} />;
    case "core.schedule/rules":
      return <Schedule place={place} />;
    case "core.code/code":
      return <CodeField place={place} hint={codeHint(params)} />;
    case "core.sort/code":
      return <CodeField place={place} hint="Compares the items `a` and `b`: below zero when `a` comes first." />;
    case "core.sort/fields":
      return <SortFields place={place} />;
    case "core.aggregate/fields":
      return <AggregateFields place={place} />;
    case "core.set/includeFields":
    case "core.set/excludeFields":
    case "core.split-out/fieldToSplitOut":
    case "core.split-out/fieldsToInclude":
    case "core.aggregate/fieldsToInclude":
    case "core.aggregate/fieldsToExclude":
    case "core.aggregate/groupByFields":
    case "core.merge/fieldsToMatch":
      return <FieldNames label={label} place={place} />;
    case "core.merge/mode":
      return <MergeModes whole={whole} params={params} />;
    case "core.merge/pairs":
      return <MatchPairs place={place} />;
    case "core.limit/maxItems":
      return <LimitLine whole={whole} params={params} />;
    case "core.wait/amount":
      return <WaitLine whole={whole} params={params} />;
    case "core.wait/at":
      return <TimeLine label={label} place={place} />;
    case "core.call/workflow":
      return <CalledWorkflow place={place} />;
    case "core.call/inputs":
      return <CalledInputs place={place} workflow={params["workflow"]} />;
    case "core.call/fields":
    case "core.called/fields":
      return <DeclaredFields label={label} place={place} />;
    case "core.stop/message":
      return <StopWith whole={whole} params={params} />;
    case "http.request/method":
      return null;
    case "http.request/url":
      return <RequestLine whole={whole} params={params} />;
    case "http.request/query":
      return <Pairs label="Query" place={place} />;
    case "http.request/headers":
    case "http.respond/headers":
      return <Pairs label="Headers" place={place} names={HEADERS} />;
    case "http.request/body":
      return <Body place={place} />;
    case "http.webhook/methods":
      return <Methods place={place} />;
    case "http.webhook/path":
      return <AddressPath place={place} addresses={addresses} example="orders/:id" hint="`:name` stands for any part, and comes in as a parameter." />;
    case "form.trigger/path":
      return <AddressPath place={place} addresses={addresses} example="contact" opens />;
    case "form.trigger/form":
    case "form.page/form":
    case "core.wait/form":
      return <FormBuilder place={place} />;
    case "form.trigger/auth":
      return <Callers place={place} label="Who may fill it in" visitors />;
    case "http.webhook/auth":
      return <Callers place={place} />;
    case "http.webhook/respond":
      return <Answers place={place} />;
    default:
      return undefined;
  }
}
