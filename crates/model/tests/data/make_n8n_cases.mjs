// Writes n8n_cases.json: whole templates with the answers of n8n's own evaluator, for what is n8n's and not
// JavaScript's: how parts are joined, how errors end, the extension methods.
// Run `npm install n8n-workflow` in an empty folder, then `node make_n8n_cases.mjs` with that folder as argument.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(pathToFileURL(join(process.argv[2] ?? '.', 'x.js')));
const { Expression } = require('n8n-workflow');

const json = {
  name: 'Ada Lovelace', empty: '', blank: '  ', n: 42, f: 1.256, zero: 0, yes: true, no: false, nothing: null, list: [3, 1, 2], none: [],
  words: ['pear', 'fig', 'pear'], mixed: [1, '', null, 'nil', 0, { a: null }, {}, { b: 1, c: '' }], object: { a: 1, b: 'two words', c: null }, hollow: {},
  rows: [{ id: 1, tag: 'x' }, { id: 2, tag: 'y' }, { id: 1, tag: 'x' }], mail: 'Write to ada.l@example.co.uk, please', html: '<p>a<br/>b</p><', date: '2024-03-01T10:00:00.000Z',
  price: '$1234.50', bad: 'abc', json: '{"a":[1,2]}', coded: 'YWJj', query: 'a b&c', sentence: 'HELLO there. how ARE you? fine', snake: 'Some-Mixed Case Text!',
};

const templates = new Set([
  '', ' ', 'plain', '{{ $json.n }}', ' {{ $json.n }}', '{{ $json.n }} ', 'a{{ $json.n }}b', '{{ $json.n }}{{ $json.n }}', '{{ $json.nothing }}', 'x{{ $json.nothing }}', 'x{{ undefined }}', 'x{{ NaN }}', 'x{{ 0 }}', 'x{{ -0 }}', 'x{{ false }}', 'x{{ [] }}',
  'x{{ [1,[2,null],undefined] }}', 'x{{ $json.object }}', 'x{{ $json.list }}', 'x{{ $json.mixed }}', '{{ $json.object }}', '{{ $json.missing.a.b }}', 'x{{ $json.missing.a.b }}', '{{ nobody }}', '{{ nobody.x }}', 'x{{ nobody }}', '{{ nobody + 1 }}', '{{ typeof nobody }}',
  '{{ $json.n; }}', '{{ {a:1} }}', '{{ {a:$json.n}.a }}', '{{ $json.n', 'a{{', 'a\\{{ $json.n }}', 'a\\\\{{ $json.n }}b\\\\', '{{ "a" /* x */ }}', '{{ "a" // x\n }}', '{{\n$json.n\n}}', 'x{{ Infinity }}', 'x{{ "" }}y', '{{ JSON.parse("{") }}', 'x{{ JSON.parse("{") }}', '{{ null.x }}', '{{ $json.name.nope() }}', '{{ isNaN("x") }}', '{{ isFinite("1") }}',
  '{{ $if($json.yes, "a", "b") }}', '{{ $if($json.no, "a") }}', '{{ $if($json.no, nobody.x.y, "ok") }}', '{{ $ifEmpty($json.empty, "d") }}', '{{ $ifEmpty($json.none, "d") }}', '{{ $ifEmpty($json.hollow, "d") }}', '{{ $ifEmpty($json.zero, "d") }}', '{{ $ifEmpty($json.missing, "d") }}', '{{ $ifEmpty($json.name) }}', '{{ $min(3, 1, 2) }}', '{{ $max(1, $json.n) }}', '{{ $not($json.yes) }}', '{{ $average(1, 2, 6) }}', '{{ $average() }}', '{{ numberList(1, 4) }}', '{{ numberList(3, 1) }}', '{{ zip(["a", "b"], [1, 2]) }}', '{{ zip([1], []) }}', '{{ min(2, 1) }}', '{{ not(0) }}', '{{ average(2, 4) }}', '{{ $average("a") }}',
  '{{ $json.list.first() }}x', '{{ $json.name?.isEmpty() }}', '{{ $json.missing?.isEmpty() }}', '{{ $json.missing?.first() }}', '{{ $json.object?.missing?.toInt() }}', '{{ $json.rows.map(r => r.tag.isEmpty()) }}', '{{ $json.rows.pluck("tag").unique().first() }}', '{{ Math.round($json.f) }}', '{{ Object.keys($json.object) }}', '{{ Math.max(...$json.list).isEven() }}',
]);
const methods = {
  string: ['isEmpty()', 'isNotEmpty()', 'length()', 'toJsonString()', 'parseJson()', 'removeTags()', 'toBoolean()', 'toNumber()', 'toInt()', 'toInt(2)', 'toWholeNumber()', 'toFloat()', 'toDecimalNumber()', 'isNumeric()', 'toSnakeCase()', 'toSentenceCase()', 'replaceSpecialChars()', 'urlEncode()', 'urlEncode(true)', 'urlDecode()', 'base64Encode()', 'base64Decode()', 'quote()', "quote(\"'\")", 'isEmail()', 'extractEmail()'],
  list: ['isEmpty()', 'isNotEmpty()', 'first()', 'last()', 'sum()', 'average()', 'min()', 'max()', 'compact()', 'chunk(2)', 'chunk(0)', 'pluck("id")', 'pluck("id", "tag")', 'pluck()', 'append(4, [5])', 'unique()', 'removeDuplicates()', 'union([1, 9])', 'difference([1])', 'intersection([1, 2])', 'union(1)', 'toJsonString()', 'toInt()'],
  object: ['isEmpty()', 'isNotEmpty()', 'keys()', 'values()', 'hasField("a")', 'hasField("z")', 'removeField("a")', 'removeField("z")', 'compact()', 'urlEncode()', 'toJsonString()', 'keepFieldsContaining("two")', 'removeFieldsContaining("two")', 'keepFieldsContaining("")', 'removeFieldsContaining(1)', 'toBoolean()'],
  number: ['floor()', 'ceil()', 'abs()', 'isInteger()', 'isEven()', 'isOdd()', 'round()', 'round(1)', 'round(2)', 'toInt()', 'toFloat()', 'toBoolean()', 'isEmpty()', 'isNotEmpty()'],
  boolean: ['toBoolean()', 'toInt()', 'toFloat()', 'toNumber()', 'isEmpty()', 'isNotEmpty()'],
};
const receivers = {
  string: ['name', 'empty', 'blank', 'mail', 'html', 'price', 'bad', 'json', 'coded', 'query', 'sentence', 'snake'].map((key) => `$json.${key}`).concat('"12"', '"-3.7"', '"1,5"', '"1e3"', '"no"', '"FALSE"', '"it\'s \\"x\\" \\\\"', '"ada@x.io"', '"a@b"', '"€ 5"', '"0x10"', '"12 3"', '"a.b.@x.de"', '".a@x.de"', '"a@b.c1.dee.f"', '"!? ok. YES"'),
  list: ['list', 'none', 'words', 'mixed', 'rows'].map((key) => `$json.${key}`).concat('[1, "2"]', '[[1], [1]]', '[NaN, NaN, 1]', '[0.1, 0.2]'),
  object: ['$json.object', '$json.hollow', '({ a: { b: "", c: { d: 1 } }, e: "nil" })'],
  number: ['$json.n', '$json.f', '$json.zero', '(-7.5)', '(33)', '(2.5)', '(1.005)'],
  boolean: ['$json.yes', '$json.no'],
  nothing: ['$json.nothing', '$json.missing', 'undefined'],
};
for (const [type, list] of Object.entries(receivers)) {
  for (const receiver of list) for (const method of methods[type] ?? ['isEmpty()', 'isNotEmpty()', 'toInt()', 'first()', 'keys()']) templates.add(`{{ ${receiver}.${method} }}`);
}
// A method of one type called on another.
for (const receiver of ['$json.name', '$json.list', '$json.n', '$json.object', '$json.yes']) {
  for (const method of ['first()', 'toSnakeCase()', 'floor()', 'keys()', 'round()', 'sum()', 'hasField("a")', 'isEven()', 'values()', 'compact()', 'urlEncode()', 'isEmail()', 'toNumber()']) templates.add(`{{ ${receiver}.${method} }}`);
}

const expression = new Expression('UTC');
const cases = [];
for (const template of templates) {
  let expected;
  try {
    const data = new Proxy({ $json: structuredClone(json) }, { has: () => true });
    const value = expression.resolveSimpleParameterValue(`=${template}`, data);
    expected = value === undefined ? 'undefined' : JSON.stringify(value);
  } catch (error) {
    expected = `fails: ${error.message}`;
  }
  cases.push({ template, expected });
}
writeFileSync(new URL('n8n_cases.json', import.meta.url), `{"json":${JSON.stringify(json)},\n"cases":[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]}\n`);
console.log(`${cases.length} cases`);
