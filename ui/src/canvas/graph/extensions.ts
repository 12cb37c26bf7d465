//! Extension methods that expressions have besides JavaScript's own, by the type of the value. The list is the evaluator's
//! (`model::expr::extension`); dates are luxon's.

export const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  Array: ["append", "average", "chunk", "compact", "difference", "first", "intersection", "isEmpty", "isNotEmpty", "last", "max", "merge", "min", "pluck", "randomItem", "removeDuplicates", "renameKeys", "smartJoin", "sum", "toBoolean", "toDateTime", "toFloat", "toInt", "toJsonString", "union", "unique"],
  Date: ["beginningOf", "diffTo", "diffToNow", "endOfMonth", "extract", "format", "isBetween", "isDst", "isInLast", "isWeekend", "minus", "plus", "toBoolean", "toDateTime", "toFloat", "toInt"],
  Number: ["abs", "ceil", "floor", "format", "isEven", "isInteger", "isOdd", "round", "toBoolean", "toDateTime", "toFloat", "toInt"],
  Object: ["compact", "hasField", "isEmpty", "isNotEmpty", "keepFieldsContaining", "keys", "removeField", "removeFieldsContaining", "toBoolean", "toDateTime", "toFloat", "toInt", "toJsonString", "urlEncode", "values"],
  String: ["base64Decode", "base64Encode", "extractDomain", "extractEmail", "extractUrl", "extractUrlPath", "hash", "isBlank", "isDomain", "isEmail", "isEmpty", "isNotBlank", "isNotEmpty", "isNumeric", "isUrl", "length", "parseJson", "quote", "removeMarkdown", "removeTags", "replaceSpecialChars", "toBoolean", "toDate", "toDateTime", "toDecimalNumber", "toFloat", "toInt", "toJsonString", "toNumber", "toSentenceCase", "toSnakeCase", "toTitleCase", "toWholeNumber", "urlDecode", "urlEncode"],
  Boolean: ["toBoolean", "toDateTime", "toFloat", "toInt", "toNumber"],
};

export const NATIVE: Readonly<Record<string, readonly string[]>> = {
  String: ["at", "charAt", "concat", "endsWith", "includes", "indexOf", "lastIndexOf", "length", "match", "matchAll", "normalize", "padEnd", "padStart", "repeat", "replace", "replaceAll", "search", "slice", "split", "startsWith", "substring", "toLowerCase", "toUpperCase", "trim", "trimEnd", "trimStart"],
  Number: ["toFixed", "toLocaleString", "toPrecision", "toString"],
  Array: ["at", "concat", "every", "filter", "find", "findIndex", "flat", "flatMap", "includes", "indexOf", "join", "length", "map", "reduce", "reverse", "slice", "some", "sort"],
  Date: ["day", "diff", "diffToNow", "endOf", "format", "hour", "minus", "minute", "month", "plus", "set", "setZone", "startOf", "toFormat", "toISO", "toISODate", "toMillis", "toSeconds", "weekday", "year"],
};
