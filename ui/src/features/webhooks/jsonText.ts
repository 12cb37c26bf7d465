/** What a text states: a value, nothing at all, or why it is no JSON yet. */
export type Read = { value: unknown } | { fault: string };

/** Reads JSON that somebody types; an empty text is no value. */
export function readJson(text: string): Read {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { fault: `this is no JSON yet: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
}

export function written(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

/** The schema that says the least of what an example looks like: its fields and their types. */
export function schemaOf(example: unknown): Record<string, unknown> {
  if (example === null) return {};
  if (Array.isArray(example)) return { type: "array", ...(example.length > 0 ? { items: schemaOf(example[0]) } : {}) };
  if (typeof example === "object") {
    const fields = Object.entries(example);
    return { type: "object", properties: Object.fromEntries(fields.map(([name, value]) => [name, schemaOf(value)])), required: fields.map(([name]) => name) };
  }
  return { type: typeof example === "number" ? (Number.isInteger(example) ? "integer" : "number") : typeof example };
}
