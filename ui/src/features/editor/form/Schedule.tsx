//! When a schedule starts runs: rules that can be read aloud, the time zone, and the next times they come to.

import { useId, useState } from "react";

import { isList, isObject, type JsonObject } from "../../../canvas/graph/json";
import { useEditor, useHistory } from "../../../canvas/store";
import type { Place } from "./place";
import { cronFault, inWords, isZone, nextTimes, WEEKDAYS } from "./times";

const UNITS = ["seconds", "minutes", "hours", "days", "weeks", "months"];
/** Monday first, as calendars have it. */
const WEEK = [1, 2, 3, 4, 5, 6, 0];

/** What stays of a rule when its unit changes. */
function as(every: string, rule: JsonObject): JsonObject {
  const keep = (name: string, otherwise: number) => (typeof rule[name] === "number" ? rule[name] : otherwise);
  const clock = { hour: keep("hour", 9), minute: keep("minute", 0) };
  switch (every) {
    case "cron":
      return { every, expression: "0 9 * * 1-5" };
    case "hours":
      return { every, count: 1, minute: keep("minute", 0) };
    case "days":
      return { every, count: 1, ...clock };
    case "weeks":
      return { every, count: 1, days: isList(rule["days"]) ? rule["days"] : [1], ...clock };
    case "months":
      return { every, count: 1, day: keep("day", 1), ...clock };
    default:
      return { every, count: every === "seconds" ? 30 : 5 };
  }
}

export function Schedule({ place }: { readonly place: Place }) {
  const rules = isList(place.value) ? place.value.filter(isObject) : [];
  const put = (index: number, rule: JsonObject | undefined) => place.onChange(rules.flatMap((other, at): JsonObject[] => (at !== index ? [other] : rule ? [rule] : [])));
  return (
    <section className="ed-rows" aria-label="When it starts runs">
      {rules.map((rule, index) => (
        <fieldset key={index} className="ed-set">
          <legend>{inWords(rule)}</legend>
          <Rule rule={rule} number={index + 1} onChange={(next) => put(index, next)} />
          {rules.length > 1 && <button type="button" className="ed-link" aria-label={`Remove rule ${index + 1}`} onClick={() => put(index, undefined)}>Remove</button>}
          {place.problems.filter((problem) => (problem.pointer ?? "").includes(`${place.pointer}/${index}/`)).map((problem) => <p key={problem.detail} role="alert" className="ed-fault">{problem.detail}</p>)}
        </fieldset>
      ))}
      <button type="button" onClick={() => place.onChange([...rules, as("days", {})])}>Add another time</button>
      <Zone rules={rules} />
    </section>
  );
}

function Rule({ rule, number, onChange }: { readonly rule: JsonObject; readonly number: number; readonly onChange: (rule: JsonObject) => void }) {
  const every = String(rule["every"]);
  const set = (change: JsonObject) => onChange({ ...rule, ...change });
  const value = (name: string) => (typeof rule[name] === "number" ? rule[name] : 0);
  const fault = every === "cron" ? cronFault(String(rule["expression"] ?? "")) : undefined;
  const clock = `${String(value("hour")).padStart(2, "0")}:${String(value("minute")).padStart(2, "0")}`;
  return (
    <>
      <div className="ed-pair">
        <span>Every</span>
        {every !== "cron" && <input className="ed-narrow" type="number" min={1} aria-label={`Interval of rule ${number}`} value={value("count") || ""} onChange={(event) => set({ count: Math.max(0, Math.trunc(Number(event.target.value))) })} />}
        <select aria-label={`Unit of rule ${number}`} value={every} onChange={(event) => onChange(as(event.target.value, rule))}>
          {UNITS.map((unit) => <option key={unit} value={unit}>{unit}</option>)}
          <option value="cron">cron expression</option>
        </select>
        {every === "hours" && (
          <>
            <span>at minute</span>
            <input className="ed-narrow" type="number" min={0} max={59} aria-label={`Minute of rule ${number}`} value={value("minute")} onChange={(event) => set({ minute: Math.min(59, Math.max(0, Math.trunc(Number(event.target.value)))) })} />
          </>
        )}
        {every === "months" && (
          <>
            <span>on day</span>
            <input className="ed-narrow" type="number" min={1} max={31} aria-label={`Day of the month of rule ${number}`} value={value("day") || ""} onChange={(event) => set({ day: Math.min(31, Math.max(0, Math.trunc(Number(event.target.value)))) })} />
          </>
        )}
        {["days", "weeks", "months"].includes(every) && (
          <>
            <span>at</span>
            <input className="ed-clock" type="time" aria-label={`Time of rule ${number}`} value={clock} onChange={(event) => { const [hour, minute] = event.target.value.split(":").map(Number); if (hour !== undefined && minute !== undefined) set({ hour, minute }); }} />
          </>
        )}
      </div>
      {every === "weeks" && <Days days={isList(rule["days"]) ? rule["days"].map(Number) : []} number={number} onChange={(days) => set({ days })} />}
      {every === "cron" && (
        <>
          <input aria-label={`Cron expression of rule ${number}`} aria-invalid={fault !== undefined} spellCheck={false} value={String(rule["expression"] ?? "")} onChange={(event) => set({ expression: event.target.value })} />
          {fault === undefined ? <small>minute, hour, day of the month, month, weekday; with six fields the second stands in front</small> : <p role="alert" className="ed-fault">{fault}</p>}
        </>
      )}
    </>
  );
}

function Days({ days, number, onChange }: { readonly days: readonly number[]; readonly number: number; readonly onChange: (days: readonly number[]) => void }) {
  return (
    <div className="ed-chips" role="group" aria-label={`Days of rule ${number}`}>
      {WEEK.map((day) => (
        <button key={day} type="button" aria-pressed={days.includes(day)} aria-label={WEEKDAYS[day]} onClick={() => onChange(days.includes(day) ? days.filter((other) => other !== day) : [...days, day].sort())}>{WEEKDAYS[day]?.slice(0, 2)}</button>
      ))}
    </div>
  );
}

/** The zone is the workflow's: expressions of all nodes see it, too. */
function Zone({ rules }: { readonly rules: readonly JsonObject[] }) {
  const store = useEditor();
  const { document } = useHistory();
  const id = useId();
  const set = document.settings?.["timezone"];
  const zone = typeof set === "string" && set !== "" ? set : "UTC";
  const known = isZone(zone);
  const [now] = useState(() => Date.now());
  const times = known ? nextTimes(rules, now, zone) : [];
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const choose = (value: string) => store.act("Change time zone", [{ type: "setSetting", pointer: "/timezone", value: value === "" ? undefined : value }], { key: "timezone" });
  return (
    <>
      <div className="ed-row">
        <label className="ed-label" htmlFor={id}>Time zone of the workflow</label>
        <div className="ed-pair">
          <input id={id} list={`${id}-zones`} placeholder="UTC" spellCheck={false} aria-invalid={!known} value={typeof set === "string" ? set : ""} onChange={(event) => choose(event.target.value)} />
          {own !== zone && <button type="button" onClick={() => choose(own)}>Use {own}</button>}
        </div>
        <datalist id={`${id}-zones`}>{Intl.supportedValuesOf("timeZone").map((name) => <option key={name} value={name} />)}</datalist>
        {!known && <p role="alert" className="ed-fault">{`\`${zone}\` is no time zone; expected one such as Europe/Vienna`}</p>}
      </div>
      {known && (
        <section aria-label="Next times">
          <h4>{times.length === 0 ? "It is never due" : "Next times"}</h4>
          <ol className="ed-times">
            {times.map((time, index) => (
              <li key={index}><time dateTime={new Date(time).toISOString()}>{new Intl.DateTimeFormat(undefined, { timeZone: zone, weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: rules.some((rule) => rule["every"] === "seconds" || rule["every"] === "cron") ? "2-digit" : undefined, timeZoneName: "short" }).format(time)}</time></li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}
