//! JSON values: comparing them, and reading and writing them by pointer without changing what others hold.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether two values say the same. The order of keys does not count, and an undefined field is no field. */
export function same(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((value, index) => same(value, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = fields(left);
  return keys.length === fields(right).length && keys.every((key) => right[key] !== undefined && same(left[key], right[key]));
}

export function fields(value: JsonObject): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

/** The steps of a JSON pointer (RFC 6901). */
export function steps(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

export function at(value: unknown, path: readonly string[]): Json | undefined {
  let found: unknown = value;
  for (const step of path) {
    if (Array.isArray(found)) found = /^\d+$/.test(step) ? found[Number(step)] : undefined;
    else if (isObject(found) && Object.hasOwn(found, step)) found = found[step];
    else return undefined;
  }
  return found as Json | undefined;
}

/**
 * A copy with another value at a place; `undefined` takes the field away. Objects that are missing on the way are made.
 * In a list, `undefined` removes the element and a step that is its length appends.
 */
export function withAt(value: Json | undefined, path: readonly string[], next: Json | undefined): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return next;
  if (isList(value)) {
    const index = step === "-" ? value.length : Number(step);
    if (!Number.isInteger(index) || index < 0 || index > value.length) return value;
    const inner = withAt(value[index], rest, next);
    const copy = [...value];
    if (inner === undefined) copy.splice(index, 1);
    else copy[index] = inner;
    return copy;
  }
  const whole: JsonObject = isObject(value) ? value : {};
  const inner = withAt(Object.hasOwn(whole, step) ? whole[step] : undefined, rest, next);
  if (inner !== undefined) return setField(whole, step, inner);
  if (!Object.hasOwn(whole, step)) return isObject(value) ? value : undefined;
  const { [step]: _gone, ...others } = whole;
  return others;
}

/** Sets a field even when it is called `__proto__`, which an ordinary assignment would take for something else. */
function setField(whole: JsonObject, key: string, value: Json): JsonObject {
  const copy: Record<string, Json | undefined> = { ...whole };
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Calls for every text in a value, with its path, and puts what comes back in its place. Unchanged parts are shared. */
export function mapTexts(value: Json, change: (text: string, path: readonly string[]) => string, path: readonly string[] = []): Json {
  if (typeof value === "string") return change(value, path);
  if (isList(value)) {
    const copy = value.map((inner, index) => mapTexts(inner, change, [...path, String(index)]));
    return copy.every((inner, index) => inner === value[index]) ? value : copy;
  }
  if (isObject(value)) {
    let copy: JsonObject = value;
    for (const key of fields(value)) {
      const inner = mapTexts(value[key] as Json, change, [...path, key]);
      if (inner !== value[key]) copy = setField(copy, key, inner);
    }
    return copy;
  }
  return value;
}
