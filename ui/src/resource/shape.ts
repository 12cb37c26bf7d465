/** What the items of a port look like: their fields, of which kind, and how often. */
export interface Shape {
  path: string;
  kinds: string[];
  /** Share of the items that have it, 0 to 1. */
  share: number;
  example: string;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  return typeof value;
}

/** Fields of items, in the order in which they first come, nested ones by their path. */
export function shapeOf(items: readonly unknown[], depth = 3): Shape[] {
  const found = new Map<string, { kinds: Set<string>; count: number; example: string }>();
  const visit = (value: unknown, path: string, left: number, seen: Set<string>): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    for (const [key, inner] of Object.entries(value)) {
      const at = path === "" ? key : `${path}.${key}`;
      const known = found.get(at) ?? { kinds: new Set<string>(), count: 0, example: "" };
      known.kinds.add(kindOf(inner));
      if (!seen.has(at)) known.count += 1;
      seen.add(at);
      if (known.example === "" && inner !== null && typeof inner !== "object") known.example = String(inner).slice(0, 80);
      found.set(at, known);
      if (left > 1) visit(inner, at, left - 1, seen);
    }
  };
  items.forEach((item) => {
    visit(item, "", depth, new Set());
  });
  return [...found].map(([path, { kinds, count, example }]) => ({
    path,
    kinds: [...kinds],
    share: items.length === 0 ? 0 : count / items.length,
    example,
  }));
}

/** Columns of a table of items: fields of the first level, those that most items have first. */
export function columnsOf(items: readonly unknown[], most = 24): string[] {
  const shapes = shapeOf(items, 1);
  return shapes
    .map((shape, index) => ({ shape, index }))
    .sort((a, b) => b.shape.share - a.shape.share || a.index - b.index)
    .slice(0, most)
    .map(({ shape }) => shape.path);
}

/** The content of an item, without what is beside it. */
export function contentOf(item: unknown): unknown {
  return typeof item === "object" && item !== null && "json" in item ? item.json : item;
}

/** A JSON pointer as expressions write such a path: `/rules/0/at` is `rules[0].at`. */
export function pathOf(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part) ? (path === "" ? part : `${path}.${part}`) : `${path}[${JSON.stringify(part)}]`), "");
}
