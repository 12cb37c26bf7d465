//! A place in a node's parameters, as a control sees it: what stands there, and how to put something else there.
//!
//! A control changes its own place and nothing beside it. What another person has put beside it meanwhile stays, and so
//! it does when the change is undone.

import type { RunData } from "../../../canvas/graph/completion";
import { isList, isObject, pointerOf, type Json, type JsonObject } from "../../../canvas/graph/json";
import type { Problem } from "../../../canvas/store";

export interface Place {
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
  /** Changes any place of the node; `onChange` is this for the own one. */
  readonly edit: (pointer: string, value: Json | undefined) => void;
  /** JSON pointer below the node. */
  readonly pointer: string;
  readonly data: RunData;
  readonly problems: readonly Problem[];
}

export function placeOf(value: JsonObject, edit: Place["edit"], data: RunData, problems: readonly Problem[]): Place {
  return { value, edit, pointer: "/params", onChange: (next) => edit("/params", next), data, problems };
}

/** A field of the object that stands at a place. `whole` is what is shown there, which may be a default that nobody has written yet. */
export function below(place: Place, whole: JsonObject, name: string): Place {
  const pointer = place.pointer + pointerOf([name]);
  return {
    ...place,
    value: Object.hasOwn(whole, name) ? whole[name] : undefined,
    pointer,
    onChange: (value) => {
      if (isObject(place.value) || (place.value === undefined && Object.keys(whole).length === 0)) return place.edit(pointer, value);
      const { [name]: _gone, ...rest } = whole;
      place.onChange(value === undefined ? rest : { ...whole, [name]: value });
    },
  };
}

/** An element of the list that stands at a place. */
export function entryOf(place: Place, index: number): Place {
  const pointer = `${place.pointer}/${index}`;
  return { ...place, value: isList(place.value) ? place.value[index] : undefined, pointer, onChange: (value) => place.edit(pointer, value ?? {}) };
}

export interface Rows {
  readonly entries: readonly JsonObject[];
  at(index: number): Place;
  add(entry: JsonObject): void;
  remove(index: number): void;
  move(index: number, by: number): void;
}

export function rowsOf(place: Place): Rows {
  const stored = isList(place.value) ? place.value : [];
  return {
    entries: stored.map((entry) => (isObject(entry) ? entry : {})),
    at: (index) => entryOf(place, index),
    add: (entry) => place.onChange([...stored, entry]),
    remove: (index) => place.onChange(stored.filter((_, other) => other !== index)),
    move: (index, by) => {
      const copy = [...stored];
      const [moved] = copy.splice(index, 1);
      if (moved !== undefined) copy.splice(Math.min(Math.max(index + by, 0), copy.length), 0, moved);
      place.onChange(copy);
    },
  };
}
