//! How a merge brings items together, as pictures of what becomes of two inputs.

import type { ReactNode } from "react";

import type { JsonObject } from "../../../canvas/graph/json";
import { below, type Place } from "./place";
import { Said } from "./Said";

interface Way {
  readonly mode: string;
  readonly combineBy?: string;
  readonly label: string;
  readonly about: string;
  readonly picture: ReactNode;
}

/** Two inputs on the left, what comes out on the right. */
function Picture({ children }: { readonly children: ReactNode }) {
  return <svg viewBox="0 0 64 32" width="64" height="32" aria-hidden fill="none" stroke="none">{children}</svg>;
}

const one = (x: number, y: number, width = 12) => <rect key={`a${x}${y}`} x={x} y={y} width={width} height="5" rx="1.5" fill="var(--ed-accent)" />;
const two = (x: number, y: number, width = 12) => <rect key={`b${x}${y}`} x={x} y={y} width={width} height="5" rx="1.5" fill="var(--wait)" />;
const arrow = <path d="M26 16h8m-3-3 3 3-3 3" stroke="var(--ed-faint)" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />;
const both = [one(4, 3), one(4, 10), two(4, 19), two(4, 26)];

const WAYS: readonly Way[] = [
  { mode: "append", label: "Append", about: "The items of one input after those of the other.", picture: <Picture>{both}{arrow}{one(44, 3)}{one(44, 10)}{two(44, 17)}{two(44, 24)}</Picture> },
  { mode: "combine", combineBy: "combineByFields", label: "Match by fields", about: "Items with equal fields become one item.", picture: <Picture>{both}{arrow}<circle cx="6.5" cy="5.5" r="1.4" fill="var(--ed-panel)" /><circle cx="6.5" cy="28.5" r="1.4" fill="var(--ed-panel)" />{one(40, 13.5, 10)}{two(50, 13.5, 10)}</Picture> },
  { mode: "combine", combineBy: "combineByPosition", label: "By position", about: "The first with the first, the second with the second.", picture: <Picture>{both}{arrow}{one(40, 9, 10)}{two(50, 9, 10)}{one(40, 18, 10)}{two(50, 18, 10)}</Picture> },
  { mode: "combine", combineBy: "combineAll", label: "All with all", about: "Every item of one input with every item of the other.", picture: <Picture>{both}{arrow}{[1, 9, 17, 25].flatMap((y) => [one(40, y, 10), two(50, y, 10)])}</Picture> },
  { mode: "chooseBranch", label: "Choose an input", about: "Waits for all inputs, and puts out one of them.", picture: <Picture>{both}{arrow}{one(44, 10)}{one(44, 17)}</Picture> },
  { mode: "combineBySql", label: "SQL", about: "A query over the inputs as tables.", picture: <Picture>{both}{arrow}<text x="39" y="20" fontSize="11" fontWeight="700" fill="var(--ed-text)">SQL</text></Picture> },
];

export function MergeModes({ whole, params }: { readonly whole: Place; readonly params: JsonObject }) {
  const mode = String(params["mode"] ?? "append");
  const combineBy = String(params["combineBy"] ?? "combineByFields");
  const chosen = WAYS.find((way) => way.mode === mode && (way.combineBy === undefined || way.combineBy === combineBy));
  const choose = (way: Way) => {
    const { combineBy: _before, ...rest } = params;
    whole.onChange({ ...rest, mode: way.mode, ...(way.combineBy === undefined ? {} : { combineBy: way.combineBy }) });
  };
  return (
    <fieldset className="ed-ways" data-pointer={below(whole, params, "mode").pointer}>
      <legend className="sr-only">How items are brought together</legend>
      {WAYS.map((way) => (
        <label key={way.label} data-chosen={way === chosen} title={way.about}>
          <input type="radio" className="sr-only" name={`${whole.pointer}-way`} checked={way === chosen} onChange={() => choose(way)} />
          {way.picture}
          <span>{way.label}</span>
        </label>
      ))}
      <p className="ed-hint"><Said text={chosen ? chosen.about : `\`${mode}\`, as n8n's first version has it. It is kept until another way is chosen.`} /></p>
    </fieldset>
  );
}
