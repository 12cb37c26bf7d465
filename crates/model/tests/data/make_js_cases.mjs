// Writes js_cases.json: expressions with the answers of a real JavaScript engine.
// Run `node make_js_cases.mjs` in this folder after adding cases; the output is the same on every run.
//
// expected: the JSON text of the value, `undefined`, or `throws` (which the evaluator answers with undefined, as
// n8n does).
import { writeFileSync } from 'node:fs';

const inputs = [
  {
    name: 'Ada Lovelace', empty: '', n: 42, f: 1.5, neg: -7.25, zero: 0, yes: true, no: false, nothing: null,
    big: 1e21, tiny: 1e-7, text: '  padded text\n', numeric: '12.50', umlaut: 'Grüße', emoji: 'a😀b',
    list: [3, 1, 2], words: ['pear', 'Apple', 'fig'], mixed: [1, 'two', null, true, [3], { k: 4 }],
    nested: { a: { b: [{ c: 'deep' }] }, 'with space': 1 }, rows: [
      { id: 1, tag: 'x', price: 9.99, on: true }, { id: 2, tag: 'y', price: 5, on: false }, { id: 3, tag: 'x', price: 0.1, on: true },
    ], numbers: { 10: 'ten', 2: 'two', b: 1, a: 2 }, csv: 'a,b,,c', json: '{"k":[1,2.50,"x"],"e":1e3}', html: '<b>x</b> & <i>y</i>',
  },
  {},
];

const cases = [];
const seen = new Set();
function add(expression, input = 0) {
  const key = input + expression;
  if (seen.has(key)) return;
  seen.add(key);
  let expected;
  try {
    const run = new Function('$json', `return (${expression}\n)`);
    const value = run(structuredClone(inputs[input]));
    expected = value === undefined ? 'undefined' : JSON.stringify(value);
  } catch (error) {
    if (error instanceof SyntaxError && !/JSON|token/.test(error.message)) throw new Error(`${expression}: ${error}`);
    expected = 'throws';
  }
  cases.push({ input, expression, expected });
}

// A small generator with a fixed seed, so that the choice of combinations never changes.
let state = 12345;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const values = [
  'undefined', 'null', 'true', 'false', '0', '-0', '1', '-1', '1.5', '-2.5', 'NaN', 'Infinity', '-Infinity', '""', '" "',
  '"0"', '"1"', '"-1.5"', '"abc"', '"ABC"', '"10"', '"9"', '"1e3"', '"0x1F"', '" 12 "', '"1px"', '"é"', '"😀"', '[]', '[1]',
  '[1,2]', '["a"]', '[null]', '[[]]', '({})', '({a:1})', '1e21', '1e-7', '123456789012345680000', '2147483648',
  '-2147483649', '4294967296.5', '0.1', '0.2', '9007199254740993', '"Infinity"', '"true"', '"null"', '"\\n"',
];
const operators = ['+', '-', '*', '/', '%', '==', '!=', '===', '!==', '<', '<=', '>', '>=', '&', '|', '^', '<<', '>>', '>>>', '&&', '||', '??'];

for (const operator of operators) {
  const plenty = ['+', '==', '<', '==='].includes(operator) ? 110 : 34;
  for (let count = 0; count < plenty; count++) {
    add(`${values[random(values.length)]} ${operator} ${values[random(values.length)]}`);
  }
}
for (const value of values) {
  for (const form of ['!V', '-V', '+V', '~V', 'typeof V', 'String(V)', 'Number(V)', 'Boolean(V)', '`<${V}>`', 'parseInt(V)',
    'parseFloat(V)', 'JSON.stringify(V)', 'isNaN(V)', 'isFinite(V)', 'Number.isNaN(V)', 'Number.isFinite(V)', '[V] + ""', 'V ? 1 : 2', 'V?.length', '[V].join("-")', 'Array.isArray(V)',
    'Number.isInteger(V)', 'JSON.stringify([V])', 'JSON.stringify({v:V})', 'V == null', '[V].includes(V)']) {
    add(form.replaceAll('V', /^-/.test(value) ? `(${value})` : value));
  }
}
for (const [a, b] of [[2, 10], [2, 0], [0, 0], [10, 3], [3, 2], [-2, 3], [-2, 2], [7, 1], [1, 100], [-1, 7], [0, 5], [2, 62], [1.5, 2]]) {
  add(`(${a}) ** ${b}`);
}
for (const value of ['"text"', '[1, 2]', '5', 'true', '({ a: 1 })', '$json.nested', '$json.list', 'null', 'undefined']) {
  for (const call of ['map(x => x)', 'join()', 'toFixed(1)', 'split(",")', 'trim()', 'reduce((a, b) => a)', 'toString()', 'valueOf()', 'charAt(0)', 'push(1)', 'padStart(3)', 'slice(1)', 'includes(1)', 'toPrecision(2)', 'flat()', 'replace("a", "b")', 'at(0)', 'hasOwnProperty("a")', 'concat(1)', 'indexOf(1)']) add(`${value}.${call}`);
}
add('2 ** 3 ** 2'); add('(-8) % 3'); add('5 % -3'); add('-5 % 5'); add('1 + 2 * 3 - 4 / 2'); add('1 < 2 < 3'); add('3 > 2 > 1');
add('"b" + 1 + 2'); add('1 + 2 + "b"'); add('"3" * "4"'); add('[] + {}'); add('[] == ![]'); add('null ?? undefined ?? 3');
add('(1, 2)'); add('void 0'); add('typeof null'); add('typeof (() => 1)'); add('(null || "a") && (0 ?? 1)');

// Numbers as text.
const numbers = ['0', '-0', '1', '12', '-12.5', '0.5', '1.5', '2.5', '-2.5', '1.005', '1.255', '10.235', '0.000001', '0.0000001', '1e21',
  '1e20', '1.7976931348623157e308', '5e-324', '123.456', '1234.5678', '0.1+0.2', '1/3', '2/3', '100', '1e300', '8.345', '1.45', '99.995',
  '4.35*100', '1.15', '0.615', '1000000000000000128', '25', '255', '-255', 'NaN', 'Infinity', '4503599627370497.5'];
for (const number of numbers) {
  add(`(${number}).toString()`); add(`${number} + ""`);
  for (const places of ['', 0, 1, 2, 3, 10, 20]) add(`(${number}).toFixed(${places})`);
  for (const digits of ['', 1, 2, 3, 6, 17]) add(`(${number}).toPrecision(${digits})`);
  for (const radix of [2, 8, 16, 36]) add(`Math.trunc(${number}).toString(${radix})`);
  for (const name of ['abs', 'ceil', 'floor', 'round', 'sign', 'sqrt', 'trunc']) add(`Math.${name}(${number})`);
}
add('(1).toFixed(101)'); add('(1).toString(1)'); add('(1).toPrecision(0)'); add('Math.max()'); add('Math.min()');
add('Math.max(1, "3", 2)'); add('Math.min(1, NaN)'); add('Math.max(...$json.list)'); add('Math.min(...[])'); add('Math.PI');
add('Math.round(-0.5)'); add('Math.round(2.5)'); add('Math.round(-2.5)'); add('Math.round(0.49999999999999994)');
add('Math.max(-0, 0)'); add('1 / Math.round(-0.2)'); add('Number.MAX_SAFE_INTEGER + 2');
for (const text of ['""', '"12"', '" 12px"', '"-0x1f"', '"0b11"', '"0b12"', '"0o17"', '"1e1000"', '".5"', '"5."', '"."', '"+3"', '"--3"', '"1_000"',
  '"Infinityx"', '"-Infinity"', '"1e"', '"1e+"', '"\\t7\\n"', '"\\u00a08"', '"12e-1z"', '"0x"', '"1,5"', '"١"', '"0.1e-400"']) {
  add(`Number(${text})`); add(`parseFloat(${text})`); add(`parseInt(${text})`); add(`parseInt(${text}, 16)`); add(`parseInt(${text}, 2)`); add(`+${text}`);
}
add('parseInt("zz", 36)'); add('parseInt("10", 37)'); add('parseInt("10", 1)'); add('parseInt(null, 36)'); add('parseInt(0.0000005)');
add('parseInt("9007199254740993")'); add('parseInt(1e21)'); add('Number()'); add('String()'); add('Number([])'); add('Number([7])'); add('Number({})');

// Strings.
const texts = ['""', '"abc"', '"Hello, World"', '"  x  "', '"Grüße"', '"a😀b"', '"aXbXc"', '"x"', '"ABCabc"', '"$&$1"', '$json.name', '$json.text', '$json.csv', '"ß"', '"ΑΣ"', '"İ"', '"one two  three"'];
const calls = ['length', 'toUpperCase()', 'toLowerCase()', 'trim()', 'trimStart()', 'trimEnd()', 'toString()',
  'charAt(0)', 'charAt(9)', 'charAt(-1)', 'charAt()', 'at(-1)', 'at(0)', 'at(99)', 'charCodeAt(0)', 'charCodeAt(99)', 'codePointAt(1)', '[0]', '[1]', '["length"]',
  'slice(1)', 'slice(-2)', 'slice(1, -1)', 'slice(2, 1)', 'slice(0, 2)', 'slice("1")', 'slice()', 'substring(2, 0)', 'substring(1)', 'substring(-1, 2)', 'substring(NaN, 3)',
  'substr(1, 2)', 'substr(-2)', 'substr(0, -1)', 'substr(1)', 'indexOf("b")', 'indexOf("")', 'indexOf("b", 2)', 'indexOf("z")', 'lastIndexOf("X")', 'lastIndexOf("")', 'includes("b")',
  'includes("b", 2)', 'includes("")', 'startsWith("a")', 'startsWith("b", 1)', 'endsWith("c")', 'endsWith("b", 2)', 'repeat(2)', 'repeat(0)', 'repeat(-1)',
  'padStart(6)', 'padStart(8, "ab")', 'padEnd(6, "-")', 'padEnd(2)', 'padStart(5, "")', 'concat("!", 1, null)', 'concat()', 'split("")', 'split(",")', 'split("X")',
  'split()', 'split(" ")', 'split("X", 2)', 'split("", 2)', 'split(undefined, 0)', 'replace("b", "[$&]")', 'replace("X", "$$")', 'replace("", "^")', 'replaceAll("X", "-")', 'replaceAll("", ".")',
  'replace("X", (m) => m + "!")', 'replaceAll("X", (m, at) => at)', "replace('X', \"$'|$`\")", 'replace("X", "$1$<a>$")', 'valueOf()', 'missing', 'missing()', 'split("").reverse().join("")', 'concat(...["p", "q"])'];
for (const text of texts) for (const call of calls) add(call.startsWith('[') ? `${text}${call}` : `${text}.${call}`);

// Lists.
const lists = ['[]', '[3,1,2]', '["b","a","C"]', '[10,9,1]', '[1,[2,[3,[4]]]]', '[undefined,null,1]', '[NaN,0,-0]', '$json.list', '$json.words', '$json.mixed', '[1,2,3,4,5]', '["x","x","y"]'];
const listCalls = ['length', 'at(-1)', 'at(5)', 'join()', 'join("")', 'join("; ")', 'toString()', 'slice(1)', 'slice(-1)', 'slice(0, -1)', 'slice(2, 1)', 'concat([1], 2, [[3]])', 'concat()',
  'includes(1)', 'includes(NaN)', 'includes("a")', 'indexOf(NaN)', 'indexOf(1)', 'indexOf(1, 2)', 'indexOf("x", -1)', 'lastIndexOf("x")', 'lastIndexOf(3)', 'flat()', 'flat(2)', 'flat(0)', 'flat(Infinity)',
  'map(x => x)', 'map(x => [x])', 'map((x, i) => i)', 'map(x => typeof x)', 'map(String)', 'map(Number)', 'map(Boolean)', 'filter(Boolean)', 'filter(x => x > 1)', 'filter((x, i) => i % 2)', 'find(x => x > 1)', 'find(x => x === "z")', 'findIndex(x => x === 1)',
  'findLast(x => x)', 'findLastIndex(x => x)', 'some(x => x === 1)', 'every(x => x)', 'flatMap(x => [x, x])', 'flatMap(x => x)', 'forEach(x => x)', 'reduce((a, b) => a + b)', 'reduce((a, b) => a + b, "")', 'reduceRight((a, b) => a + "-" + b)',
  'reduce((all, x, i) => ({ ...all, [x]: i }), {})', 'slice().sort()', 'slice().reverse()', 'map(x => x).sort((a, b) => a - b)', 'map(x => x).sort((a, b) => b - a)', 'concat().pop()', 'concat().shift()', 'concat().push(9)', 'concat().splice(1, 1)', 'concat().splice(-1)',
  'concat().fill(0)', 'concat().fill("z", 1, 2)', 'map((x, i, all) => all.length)', '[0]', '[9]', '["1"]', 'missing', 'map(({ k }) => k)', 'map(nobody)', 'map()', 'entries.x', 'map(x => x?.k ?? "-")', 'toSorted()', 'toReversed()'];
for (const list of lists) for (const call of listCalls) add(call.startsWith('[') ? `${list}${call}` : `${list}.${call}`);

// Objects, JSON, spreads, destructuring.
for (const expression of [
  'Object.keys($json)', 'Object.values($json.nested)', 'Object.entries($json.numbers)', 'Object.keys($json.numbers)', 'JSON.stringify($json.numbers)', 'Object.keys([7, 8])', 'Object.keys(null)', 'Object.keys(5)', 'Object.entries("ab").map(([k, v]) => k + v)', 'Object.keys("")',
  'Object.entries($json.numbers).map(([k, v]) => k + v)', 'Object.fromEntries([["a", 1], ["b", 2]])', 'Object.fromEntries(Object.entries($json.numbers).filter(([k]) => isNaN(Number(k))))',
  'Object.assign({}, { a: 1 }, { b: 2, a: 3 })', 'Object.assign({ z: 1 }, null, [5])', '({ ...$json.nested, x: 1 })', '({ ...[1, 2] })', '({ ..."hi" })', '({ ...null, ...5 })', '({ a: 1, ["b" + 1]: 2, "c d": 3, 4: 5 })', '({ b: 1, 1: 2, a: 3, 0: 4 })',
  '({ a: undefined, b: null })', '[undefined, () => 1]', '({ f: () => 1, g: 2 })', '[...$json.list, ...[9]]', '[..."hé😀"]', '[...null]', '[...5]', 'Array.from("abc")', 'Array.from({ length: 3 }, (_, i) => i * 2)', 'Array.from([1, 2], x => x + 1)', 'Array.of(7, 8)', 'Array.from({ length: 2 })',
  'JSON.parse($json.json)', 'JSON.parse($json.json).k[1]', 'JSON.parse("{bad")', 'JSON.parse("")', 'JSON.parse("01")', 'JSON.parse("1.")', 'JSON.parse("-")', 'JSON.parse("[1,]")', 'JSON.parse(\'{"a":1,"a":2}\')', 'JSON.parse("\\"\\\\u0041\\\\n\\"")', 'JSON.parse(" [1 , 2 ] ")', 'JSON.parse("nul")',
  'JSON.parse("1e400") > 1', 'JSON.parse("123456789012345678901234567890")', 'JSON.parse("0.1")', 'JSON.parse("[1] x")', 'JSON.parse(\'"\\u0001"\')', 'JSON.parse(null)', 'JSON.parse(undefined)', 'JSON.parse("{\\"2\\":1,\\"1\\":2}")', 'JSON.parse("-0")', 'JSON.parse("1E+2")', 'JSON.parse(\'"\\\\ud83d\\\\ude00"\')', 'JSON.parse("{}")', 'JSON.parse("[]")', 'JSON.parse("{\\"a\\":{\\"b\\":[]}}")', 'JSON.parse("\\ufeff1")',
  'JSON.stringify($json.mixed)', 'JSON.stringify($json.nested, null, 2)', 'JSON.stringify([], null, 2)', 'JSON.stringify({}, null, 2)', 'JSON.stringify([[]], null, "--")', 'JSON.stringify({ a: [1, { b: 2 }] }, null, "\\t")', 'JSON.stringify("\\u0001\\"\\\\\\n\\u2028é")', 'JSON.stringify({ a: undefined })', 'JSON.stringify([NaN, Infinity, -0, 1e21, 1e-7])', 'JSON.stringify($json.rows.map(r => r.price))', 'JSON.stringify({ a: 1 }, null, 20)', 'JSON.stringify(1, null, 2)',
  '$json.nested.a.b[0].c', '$json.nested["with space"]', '$json["nested"]["a"]', '$json.nested.x', '$json.nested.x.y', '$json.nested.x?.y', '$json.nested.x?.y.z.w', '$json.nested?.a?.b?.[0]?.c', '($json.nested.x?.y).z', '$json.nothing.a', '$json.nothing?.a', '$json.name.first', '$json.n.x', '$json.list.x', '$json.list[1]', '$json.list["1"]', '$json.list[-1]', '$json.list[1.5]', '$json.rows[0].id', '$json["rows"][1]["tag"]', '$json[`name`]', '$json["na" + "me"]', '$json[0]', '$json.numbers[10]', '$json.numbers["2"]', '$json.name?.length', '$json.missing?.toUpperCase()', '$json.missing.toUpperCase()', '$json.name?.toUpperCase?.length',
  '$json.rows.map(r => r.id)', '$json.rows.filter(r => r.on).map(r => `${r.id}:${r.tag}`).join(", ")', '$json.rows.reduce((sum, r) => sum + r.price, 0)', '$json.rows.find(r => r.id === 2).tag', '$json.rows.find(r => r.id === 9)?.tag ?? "none"', '$json.rows.map(({ id, tag: t }) => ({ id, t }))', '$json.rows.map(({ id }, i) => [id, i])', '$json.rows.some(({ on }) => !on)', '$json.rows.map(r => { return r.id * 2; })', '$json.rows.map(r => { return { v: r.id } })', '$json.rows.map(r => ({ ...r, price: undefined }))', '$json.rows.flatMap(r => $json.list.map(n => n * r.id))', '$json.rows.map(r => r.id).includes(2)', '$json.rows.filter(r => r.tag === "x").length', '$json.rows.length > 2 ? "many" : "few"', '$json.rows.map(a => $json.rows.filter(b => b.tag === a.tag).map(b => a.id * 10 + b.id))', '$json.rows.every(r => r.price.toFixed(2).endsWith("0") || r.on)', '$json.rows.map(r => Object.keys(r).join())', '$json.rows.map(r => r.price).sort((a, b) => a - b)', '$json.rows.map(r => r.tag).filter((t, i, all) => all.indexOf(t) === i)', '$json.rows[$json.rows.length - 1].id', '$json.rows.slice(-1)[0].id', '$json.words.map(w => w[0].toUpperCase() + w.slice(1).toLowerCase())', '$json.words.map(w => w.length).reduce((a, b) => Math.max(a, b))',
  '$json.name.split(" ")[0]', '$json.name.split(" ").slice(0, -1).join(" ") || $json.name', '$json.name.split(" ").pop()', '$json.name.toLowerCase().replace(" ", "-")', '`Hi ${$json.name}, you are ${$json.n + 1}!`', '`a${`b${1}`}c`', '`\\n\\t\\u0041`', '"\\x41\\u{1F600}\\0"', "'it\\'s'", '"a\\\nb"', '$json.numeric * 2', '$json.numeric + 2', 'Number($json.numeric).toFixed(1)', 'parseFloat($json.numeric) / 5', '$json.yes && $json.no || $json.n', '!$json.empty', '!!$json.list', '$json.nothing ?? "x"', '$json.zero || "x"', '$json.zero ?? "x"', '$json.n >= 18 ? "adult" : $json.n > 12 ? "teen" : "child"',
  'encodeURIComponent("a b&c=d/é😀\'()*!~")', 'encodeURI("https://x.y/a b?q=é#h")', 'decodeURIComponent("a%20b%C3%A9%2F")', 'decodeURI("a%20b%2F%C3%A9")', 'decodeURIComponent("%")', 'decodeURIComponent("%C3")', 'decodeURIComponent("a+b")', 'encodeURIComponent(undefined)', 'encodeURIComponent($json.name)', 'isNaN("x")', 'isFinite("1")', 'isFinite(1)', 'Number.isInteger(5.0)', 'Number.isSafeInteger(9007199254740992)', '$json.hasOwnProperty("name")', '$json.hasOwnProperty("none")', '({}).toString()', '[1, 2].valueOf().length', 'true.toString()', '(5).valueOf()', '$json.list.toString()', '({ toString: 1 }) + ""', '$json.name.charCodeAt(0) + 1', '"b".concat("c").toUpperCase().length', '[[1, 2], [3, 4]].map(([a, b]) => a * b)', '[[1, [2]]].map(([a, [b]]) => a + b)', '[[1, 2, 3]].map(([, b]) => b)', '[{ a: { b: 1 } }].map(({ a: { b } }) => b)', '[null].map(({ a }) => a)', '[null].map(([a]) => a)', '[1].map((a, b, c, d) => d)', '[1, 2, 3].map((x) => (y => y)).length', '((1))', '(((($json.n))))', '$json.list.map(x => x * 2).filter(x => x > 2).length', '0.1 + 0.2', '1e3', '.5', '5.', '0xff', '0b101', '0o17', '1e-7 + ""', '[1e21, 1e-7].join()', '"a" + {a: 1}', '[3, 20, 100].concat().sort()', '[3, 20, 100].sort()', '["b", undefined, "a"].sort()', '[true, false].sort()', '["é", "z", "a", "😀", "\\uffff"].sort()', '"😀" < "\\uffff"', '"a" < "B"', '"10" < "9"', '10 < "9"', 'null >= 0', 'undefined == 0', '"" == 0', '[2] > 1', 'NaN != NaN',
]) { add(expression); }
for (const expression of ['$json', '$json.a', '$json.a.b', '$json.a?.b', 'Object.keys($json).length', '$json.a || "default"', '$json.list.map(x => x)', '$json.list?.map(x => x) ?? []', 'JSON.stringify($json)', '({ ...$json })', '`${$json.a}`', '$json.a + 1', 'typeof $json.a', '!$json.a', '$json.a === undefined', '$json.a == null', '[...($json.list || [])].length', '$json.a?.b?.c.d', '$json.a?.[0]', 'Object.entries($json).map(([k]) => k)']) add(expression, 1);

writeFileSync(new URL('js_cases.json', import.meta.url), `{"inputs":${JSON.stringify(inputs)},\n"cases":[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]}\n`);
console.log(`${cases.length} cases`);
