/** How a data table is looked at: what is filtered and how it is sorted, as it stands in the address. */

export const CONDITIONS = ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "isEmpty", "isNotEmpty", "isTrue", "isFalse"] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface Test {
  column: string;
  condition: Condition;
  value?: string;
}

export interface TableView {
  /** One condition is enough. */
  any?: true;
  tests?: Test[];
  /** Column, with `-` before it for the greatest first. */
  sort?: string;
}

/** Conditions that need no value. */
export const BARE: ReadonlySet<Condition> = new Set<Condition>(["isEmpty", "isNotEmpty", "isTrue", "isFalse"]);

/** Reads what stands in the address; what makes no sense is left out. */
function read(search: Record<string, unknown>): TableView {
  const tests = (Array.isArray(search["tests"]) ? search["tests"] : []).flatMap((one: unknown): Test[] => {
    const { column, condition, value } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
    if (typeof column !== "string" || !CONDITIONS.includes(condition as Condition)) return [];
    // A number in an address is read as one.
    return [{ column, condition: condition as Condition, ...(value === undefined ? {} : { value: String(value as string | number | boolean) }) }];
  });
  return {
    ...(search["any"] === true ? { any: true as const } : {}),
    ...(tests.length > 0 ? { tests: tests.slice(0, 20) } : {}),
    ...(typeof search["sort"] === "string" && search["sort"] !== "" ? { sort: search["sort"] } : {}),
  };
}

/** The query of the API that gives these rows. A condition whose value was not typed yet asks for nothing. */
function query({ any, tests = [], sort }: TableView): { filter?: string; sort?: string } {
  const complete = tests.filter(({ condition, value }) => BARE.has(condition) || (value !== undefined && value !== ""));
  const filter = { match: any === true ? "any" : "all", conditions: complete };
  return { ...(complete.length > 0 ? { filter: JSON.stringify(filter) } : {}), ...(sort === undefined ? {} : { sort }) };
}

/** The order after a click on a column: upwards, downwards, none. */
function sorted(view: TableView, column: string): TableView {
  const { sort, ...rest } = view;
  return sort === column ? { ...rest, sort: `-${column}` } : sort === `-${column}` ? rest : { ...rest, sort: column };
}

export const tableView = { read, query, sorted };
