//! Arbitrary text never panics, never overflows the stack and is read in linear time.

use model::expr::{Engine, EvalError, Template};
use serde_json::json;

use crate::world::World;

/// A small generator of numbers; the seed is printed with a failure, because it is the argument of the test's loop.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "...",
    "=>",
    "?.",
    "?",
    ":",
    ";",
    ",",
    ".",
    "+",
    "-",
    "**",
    "*",
    "/",
    "%",
    "==",
    "===",
    "<",
    ">>>",
    "&&",
    "||",
    "??",
    "!",
    "~",
    "'",
    "\"",
    "`",
    "${",
    "\\",
    "\\u",
    "\\x4",
    "//",
    "/*",
    "*/",
    "\n",
    " ",
    "0",
    "1",
    "1e",
    "0x",
    ".5",
    "9999999999999999999999",
    "a",
    "$json",
    "$json.a.b",
    "$input",
    "$('Set')",
    "$node",
    "$items()",
    "$item(0)",
    "$if(",
    "$ifEmpty(",
    "x => x",
    "(a, b) => a",
    "({ a }) => a",
    "[a, , b]",
    "typeof",
    "null",
    "undefined",
    "Math.max(",
    "JSON.parse(",
    "Object.keys(",
    "Array.from({ length: 9 })",
    ".map(",
    ".reduce(",
    ".first()",
    ".slice(-1)",
    ".padStart(9, 'é')",
    ".toFixed(2)",
    ".isEmpty()",
    ".split('')",
    ".compact()",
    ".pluck('a')",
    "'text'",
    "\"t\"",
    "`a${1}b`",
    "😀",
    "é",
    "\u{2028}",
    "\u{feff}",
    "\u{0}",
    "return",
    "new",
    "function",
    "async",
];

#[test]
fn arbitrary_text_never_panics() {
    let world = World::new(json!({ "a": { "b": [1, "x", null, { "c": "😀é" }] } }));
    for seed in 1..=6_000u64 {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let count = 1 + random.below(24);
        let text: String = (0..count).map(|_| PIECES[random.below(PIECES.len())]).collect();
        // Half of them are made to be code, which goes deeper.
        let text = if seed % 2 == 0 { format!("{{{{ {text} }}}}") } else { text };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if let Ok(template) = Template::parse(&text) {
                let _ = (template.eval(&world), template.nodes().len(), template.reads());
            }
        }));
        assert!(outcome.is_ok(), "seed {seed}: {text:?}");
    }
}

#[test]
fn valid_expressions_with_a_scar_never_panic() {
    let world = World::new(json!({ "name": "Ada 😀", "list": [3, 1, 2], "n": 4.5 }));
    let sources = [
        "{{ $json.list.map((x, i) => `${x}:${i}`).join(', ') }} and {{ $json.name?.slice(1, -1) ?? 'none' }}",
        "{{ Object.entries($json).filter(([k, v]) => typeof v === 'number').map(([k]) => k) }}",
        "{{ JSON.stringify({ ...$json, extra: [1, 2, ...$json.list] }, null, 2) }}",
    ];
    for source in sources {
        let letters: Vec<char> = source.chars().collect();
        for at in 0..letters.len() {
            let without: String = letters.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| c).collect();
            let cut: String = letters[..at].iter().collect();
            let twice: String = letters[..at].iter().chain(&letters[at.saturating_sub(1)..]).collect();
            for text in [without, cut, twice] {
                if let Ok(template) = Template::parse(&text) {
                    let _ = template.eval(&world);
                }
            }
        }
    }
}

#[test]
fn deep_nesting_is_left_to_the_sandbox() {
    let world = World::new(json!({}));
    for (open, core, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("!", "1", ""),
        ("-", "1", ""),
        ("{a:", "1", "}"),
        ("1+(", "1", ")"),
        ("1 ? ", "1", " : 2"),
        ("x => ", "1", ""),
        ("`${", "1", "}`"),
        ("$('", "X", "')"),
        ("a[", "1", "]"),
        ("Math.abs(", "1", ")"),
        ("[1].map(x => ", "1", ")"),
        ("2 ** ", "1", ""),
        ("", "1", " + 1"),
        ("", "$json", ".a"),
        ("", "'x'", ".trim()"),
        ("", "$json", "?.a"),
    ] {
        for depth in [10, 40, 5_000] {
            let text = format!("{{{{ {}{core}{} }}}}", open.repeat(depth), close.repeat(depth));
            if let Ok(template) = Template::parse(&text) {
                let _ = template.eval(&world);
            }
        }
    }
}

#[test]
fn long_text_is_read_in_linear_time() {
    // A quadratic reader would take minutes for these.
    for piece in ["{{ 1 }}", "{{ $json.a }} text ", "\\{{", "{", "a.b(", "'", "((a, b), ", "{{ '{{' }}"] {
        let _ = Template::parse(&piece.repeat((1 << 19) / piece.len()));
    }
    assert!(Template::parse(&"x".repeat((1 << 20) + 1)).is_err());
}

#[test]
fn values_that_grow_without_end_are_left_to_the_sandbox() {
    let world = World::new(json!({ "list": vec![1; 100_000] }));
    for text in [
        "{{ $json.list.reduce(all => [all], 0) }}",
        "{{ $json.list.reduce(all => ({ all }), 0) }}",
        "{{ $json.list.reduce(all => [...all, ...all], [1]) }}",
        "{{ $json.list.reduce(all => all + all, 'x') }}",
        "{{ $json.list.map(x => 'x'.repeat(10000000)) }}",
        "{{ $json.list.map(x => `${'x'.padEnd(1000000)}`) }}",
        "{{ $json.list.map(() => JSON.stringify($json.list)) }}",
        "{{ $json.list.map(() => [...$json.list]) }}",
    ] {
        let template = Template::parse(text).expect(text);
        assert_eq!(template.engine(), Engine::Native, "{text}");
        assert_eq!(template.eval(&world), Err(EvalError::NeedsJavaScript), "{text}");
    }
}

#[test]
fn compiled_expressions_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Template>();
    shared::<model::template::Params>();
}
