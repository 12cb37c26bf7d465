//! Selectors of CSS, with the additions that jQuery made popular (`:contains`, `:eq`, `:first` …).
//!
//! Written here because the crates that know them are under a licence that this project does not take, and know none of
//! the additions.

use std::collections::{HashMap, HashSet};

use super::{Data, Id, Page};
use crate::{Error, Result};

/// Most looks at nodes that a search may take.
const WORK: usize = 50_000_000;

/// Deepest nesting of selectors in selectors.
const DEPTH: usize = 8;

/// One or several selectors, separated by commas.
#[derive(Debug)]
pub struct Selector(Vec<Vec<Step>>);

/// Nodes in some relation to those before that pass tests.
#[derive(Debug)]
struct Step {
    relation: Relation,
    tests: Vec<Test>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Below,
    Child,
    Next,
    After,
}

#[derive(Debug)]
enum Test {
    Name(String),
    Attribute {
        name: String,
        operator: u8,
        value: String,
        any_case: bool,
    },
    Is(Selector),
    Not(Selector),
    Has(Selector),
    Contains {
        text: String,
        any_case: bool,
    },
    Nth {
        step: i64,
        offset: i64,
        from_end: bool,
        of_type: bool,
    },
    Only {
        of_type: bool,
    },
    Empty,
    Parent,
    Root,
    Field(&'static [&'static str]),
    Type(String),
    Flag {
        name: &'static str,
        set: bool,
    },
    Selected,
    /// Of all that passed so far, those at these places.
    Place(Place),
}

#[derive(Clone, Copy, Debug)]
enum Place {
    At(i64),
    Before(i64),
    Past(i64),
    Even,
    Odd,
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &str) -> Result<Selector> {
        let mut reader = Reader { text: text.chars().collect(), at: 0 };
        let selector = reader.list(0)?;
        match reader.at == reader.text.len() {
            true => Ok(selector),
            false => Err(reader.wrong()),
        }
    }
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn wrong(&self) -> Error {
        let whole: String = self.text.iter().collect();
        Error::Option(format!("`{whole}` is no selector: it cannot be read at character {}", self.at + 1))
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.at > start
    }

    fn list(&mut self, depth: usize) -> Result<Selector> {
        if depth > DEPTH {
            return Err(self.wrong());
        }
        let mut all = Vec::new();
        loop {
            all.push(self.steps(depth)?);
            if !self.eat(',') {
                return Ok(Selector(all));
            }
        }
    }

    fn steps(&mut self, depth: usize) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let mut relation = Relation::Below;
        self.blanks();
        loop {
            let given = match self.peek() {
                Some('>') => Some(Relation::Child),
                Some('+') => Some(Relation::Next),
                Some('~') => Some(Relation::After),
                _ => None,
            };
            if let Some(given) = given {
                relation = given;
                self.at += 1;
                self.blanks();
            }
            let tests = self.tests(depth)?;
            if tests.is_empty() {
                return Err(self.wrong());
            }
            steps.push(Step { relation, tests });
            relation = Relation::Below;
            let more = self.blanks();
            match self.peek() {
                None | Some(',' | ')') => return Ok(steps),
                Some('>' | '+' | '~') => {}
                Some(_) if more => {}
                Some(_) => return Err(self.wrong()),
            }
        }
    }

    fn name(&mut self) -> Result<String> {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.at += 1;
                name.extend(self.peek());
            } else if c.is_alphanumeric() || c == '-' || c == '_' || !c.is_ascii() {
                name.push(c);
            } else {
                break;
            }
            self.at += 1;
        }
        if name.is_empty() { Err(self.wrong()) } else { Ok(name) }
    }

    fn tests(&mut self, depth: usize) -> Result<Vec<Test>> {
        let mut tests = Vec::new();
        let attribute = |name: &str, operator: u8, value: String| Test::Attribute {
            name: name.to_owned(),
            operator,
            value,
            any_case: false,
        };
        let mut any = false;
        loop {
            match self.peek() {
                Some('*') => {
                    self.at += 1;
                    any = true;
                }
                Some('#') => {
                    self.at += 1;
                    tests.push(attribute("id", b'=', self.name()?));
                }
                Some('.') => {
                    self.at += 1;
                    tests.push(attribute("class", b'~', self.name()?));
                }
                Some('[') => {
                    self.at += 1;
                    tests.push(self.attribute()?);
                }
                Some(':') => {
                    self.at += 1;
                    self.eat(':');
                    tests.push(self.pseudo(depth)?);
                }
                Some(c) if c.is_alphanumeric() || c == '_' || c == '\\' || !c.is_ascii() => {
                    tests.push(Test::Name(self.name()?.to_ascii_lowercase()));
                }
                _ => break,
            }
        }
        if any && tests.is_empty() {
            tests.push(Test::Name("*".into()));
        }
        Ok(tests)
    }

    /// A text in quotes, or what stands before one of the ends.
    fn text(&mut self, ends: &[char]) -> Result<String> {
        self.blanks();
        let quote = self.peek().filter(|c| *c == '"' || *c == '\'');
        let mut text = String::new();
        self.at += usize::from(quote.is_some());
        loop {
            let Some(c) = self.peek() else { return Err(self.wrong()) };
            let ended = match quote {
                Some(quote) => c == quote,
                None => ends.contains(&c) || c.is_whitespace() && ends.contains(&' '),
            };
            if ended {
                break;
            }
            if c == '\\' {
                self.at += 1;
            }
            text.extend(self.peek());
            self.at += 1;
        }
        self.at += usize::from(quote.is_some());
        Ok(text)
    }

    fn attribute(&mut self) -> Result<Test> {
        self.blanks();
        let name = self.name()?.to_ascii_lowercase();
        self.blanks();
        if self.eat(']') {
            return Ok(Test::Attribute { name, operator: b'?', value: String::new(), any_case: false });
        }
        let operator = match self.peek() {
            Some('=') => b'=',
            Some(sign @ ('~' | '|' | '^' | '$' | '*' | '!')) => {
                self.at += 1;
                sign as u8
            }
            _ => return Err(self.wrong()),
        };
        if !self.eat('=') {
            return Err(self.wrong());
        }
        let value = self.text(&[']', ' '])?;
        self.blanks();
        let any_case = self.eat('i') || self.eat('I');
        if !any_case {
            _ = self.eat('s') || self.eat('S');
        }
        self.blanks();
        match self.eat(']') {
            true => Ok(Test::Attribute { name, operator, value, any_case }),
            false => Err(self.wrong()),
        }
    }

    fn pseudo(&mut self, depth: usize) -> Result<Test> {
        const INPUT: &[&str] = &["input", "select", "textarea", "button"];
        let name = self.name()?.to_ascii_lowercase();
        let nth = |step, offset, from_end, of_type| Test::Nth { step, offset, from_end, of_type };
        let test = match name.as_str() {
            "first-child" => nth(0, 1, false, false),
            "last-child" => nth(0, 1, true, false),
            "first-of-type" => nth(0, 1, false, true),
            "last-of-type" => nth(0, 1, true, true),
            "only-child" => Test::Only { of_type: false },
            "only-of-type" => Test::Only { of_type: true },
            "empty" => Test::Empty,
            "parent" => Test::Parent,
            "root" => Test::Root,
            "header" => Test::Field(&["h1", "h2", "h3", "h4", "h5", "h6"]),
            "input" => Test::Field(INPUT),
            "button" => Test::Field(&["button"]),
            "checkbox" | "radio" | "text" | "password" | "file" | "submit" | "reset" | "image" => {
                Test::Type(name.clone())
            }
            "checked" => Test::Flag { name: "checked", set: true },
            "disabled" => Test::Flag { name: "disabled", set: true },
            "enabled" => Test::Flag { name: "disabled", set: false },
            "selected" => Test::Selected,
            "first" => Test::Place(Place::At(0)),
            "last" => Test::Place(Place::At(-1)),
            "even" => Test::Place(Place::Even),
            "odd" => Test::Place(Place::Odd),
            _ => {
                if !self.eat('(') {
                    return Err(self.wrong());
                }
                let test = match name.as_str() {
                    "not" => Test::Not(self.list(depth + 1)?),
                    "is" | "where" | "matches" | "any" => Test::Is(self.list(depth + 1)?),
                    "has" => Test::Has(self.list(depth + 1)?),
                    "contains" | "icontains" => {
                        Test::Contains { text: self.text(&[')'])?, any_case: name == "icontains" }
                    }
                    "nth-child" | "nth-last-child" | "nth-of-type" | "nth-last-of-type" => {
                        let formula = self.text(&[')'])?;
                        let (step, offset) = formula_of(&formula).ok_or_else(|| self.wrong())?;
                        nth(step, offset, name.contains("last"), name.ends_with("type"))
                    }
                    "eq" | "nth" | "gt" | "lt" => {
                        let number = self.text(&[')'])?.trim().parse::<i64>().map_err(|_| self.wrong())?;
                        Test::Place(match name.as_str() {
                            "gt" => Place::Past(number),
                            "lt" => Place::Before(number),
                            _ => Place::At(number),
                        })
                    }
                    _ => return Err(self.wrong()),
                };
                self.blanks();
                if !self.eat(')') {
                    return Err(self.wrong());
                }
                test
            }
        };
        Ok(test)
    }
}

/// `odd`, `3`, `2n+1`, `-n + 3`.
fn formula_of(text: &str) -> Option<(i64, i64)> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    match text.as_str() {
        "odd" => return Some((2, 1)),
        "even" => return Some((2, 0)),
        _ => {}
    }
    let Some((step, offset)) = text.split_once('n') else { return Some((0, text.parse().ok()?)) };
    let step = match step {
        "" | "+" => 1,
        "-" => -1,
        step => step.parse().ok()?,
    };
    Some((step, if offset.is_empty() { 0 } else { offset.parse().ok()? }))
}

struct Search<'a> {
    page: &'a Page,
    left: usize,
}

impl Page {
    /// The elements that a selector finds, in the order of the page.
    ///
    /// # Errors
    /// It would take too long.
    pub fn select(&self, selector: &Selector) -> Result<Vec<Id>> {
        let mut search = Search { page: self, left: WORK };
        let found = search.find(selector, 0)?;
        let mut ordered = Vec::new();
        self.below(0, &mut |id| {
            if found[id] {
                ordered.push(id);
            }
        });
        Ok(ordered)
    }
}

impl Search<'_> {
    fn spend(&mut self, work: usize) -> Result<()> {
        self.left = self
            .left
            .checked_sub(work.max(1))
            .ok_or_else(|| Error::limit("the selector takes too long on this page"))?;
        Ok(())
    }

    /// For each node, whether one of the selectors finds it below `top`.
    fn find(&mut self, selector: &Selector, top: Id) -> Result<Vec<bool>> {
        self.spend(self.page.nodes.len())?;
        let mut found = vec![false; self.page.nodes.len()];
        for steps in &selector.0 {
            let mut set = vec![top];
            for step in steps {
                set = self.step(step, &set)?;
            }
            set.into_iter().for_each(|id| found[id] = true);
        }
        Ok(found)
    }

    fn step(&mut self, step: &Step, set: &[Id]) -> Result<Vec<Id>> {
        let mut candidates = Vec::new();
        let mut seen = vec![false; self.page.nodes.len()];
        self.spend(seen.len())?;
        for id in set {
            match step.relation {
                Relation::Below => self.descend(*id, &mut seen, &mut candidates),
                Relation::Child => self.keep(&self.page.nodes[*id].children, &mut seen, &mut candidates),
                Relation::Next | Relation::After => {
                    let siblings = self.siblings(*id);
                    let after = siblings.iter().position(|sibling| sibling == id).map_or(siblings.len(), |at| at + 1);
                    let count = if step.relation == Relation::Next { 1 } else { usize::MAX };
                    let next: Vec<Id> = siblings[after..].iter().copied().take(count).collect();
                    self.spend(siblings.len())?;
                    self.keep(&next, &mut seen, &mut candidates);
                }
            }
        }
        for test in &step.tests {
            candidates = self.filter(test, candidates)?;
        }
        Ok(candidates)
    }

    fn keep(&self, ids: &[Id], seen: &mut [bool], out: &mut Vec<Id>) {
        for id in ids {
            if self.page.name(*id).is_some() && !std::mem::replace(&mut seen[*id], true) {
                out.push(*id);
            }
        }
    }

    fn descend(&self, id: Id, seen: &mut [bool], out: &mut Vec<Id>) {
        for child in &self.page.nodes[id].children {
            if self.page.name(*child).is_some() && !std::mem::replace(&mut seen[*child], true) {
                out.push(*child);
                self.descend(*child, seen, out);
            }
        }
    }

    /// The elements beside one, itself too.
    fn siblings(&self, id: Id) -> Vec<Id> {
        let Some(parent) = self.page.nodes[id].parent else { return Vec::new() };
        self.page.nodes[parent].children.iter().copied().filter(|child| self.page.name(*child).is_some()).collect()
    }

    /// For the siblings of elements: the place among those that count, from 1, and how many those are.
    fn places(&mut self, ids: &[Id], of_type: bool) -> Result<HashMap<Id, (i64, i64)>> {
        let mut places = HashMap::new();
        let mut done = HashSet::new();
        for id in ids {
            let Some(parent) = self.page.nodes[*id].parent.filter(|parent| done.insert(*parent)) else { continue };
            self.spend(self.page.nodes[parent].children.len())?;
            let mut counts: HashMap<&str, i64> = HashMap::new();
            let kind = |id: Id| self.page.name(id).map(|name| if of_type { name } else { "" });
            let children = &self.page.nodes[parent].children;
            for (child, kind) in children.iter().filter_map(|child| Some((*child, kind(*child)?))) {
                let count = counts.entry(kind).or_default();
                *count += 1;
                places.insert(child, (*count, 0));
            }
            for (child, kind) in children.iter().filter_map(|child| Some((*child, kind(*child)?))) {
                if let Some((_, count)) = places.get_mut(&child) {
                    *count = counts.get(kind).copied().unwrap_or_default();
                }
            }
        }
        Ok(places)
    }

    fn filter(&mut self, test: &Test, mut ids: Vec<Id>) -> Result<Vec<Id>> {
        match test {
            Test::Place(place) => {
                let count = ids.len() as i64;
                let at = |number: i64| if number < 0 { count + number } else { number };
                let mut place_of = 0..;
                ids.retain(|_| {
                    let here: i64 = place_of.next().unwrap_or_default();
                    match *place {
                        Place::At(number) => here == at(number),
                        Place::Before(number) => here < at(number),
                        Place::Past(number) => here > at(number),
                        Place::Even => here % 2 == 0,
                        Place::Odd => here % 2 == 1,
                    }
                });
            }
            Test::Is(selector) => {
                let found = self.find(selector, 0)?;
                ids.retain(|id| found[*id]);
            }
            Test::Not(selector) => {
                let found = self.find(selector, 0)?;
                ids.retain(|id| !found[*id]);
            }
            Test::Has(selector) => {
                let mut kept = Vec::new();
                for id in ids {
                    if self.find(selector, id)?.contains(&true) {
                        kept.push(id);
                    }
                }
                return Ok(kept);
            }
            Test::Nth { step, offset, from_end, of_type } => {
                let places = self.places(&ids, *of_type)?;
                ids.retain(|id| {
                    let (place, count) = places.get(id).copied().unwrap_or_default();
                    let place = if *from_end { count + 1 - place } else { place };
                    match step {
                        0 => place == *offset,
                        step => (place - offset) % step == 0 && (place - offset) / step >= 0,
                    }
                });
            }
            Test::Only { of_type } => {
                let places = self.places(&ids, *of_type)?;
                ids.retain(|id| places.get(id).is_some_and(|(_, count)| *count == 1));
            }
            test => {
                let mut kept = Vec::new();
                for id in ids {
                    if self.passes(test, id)? {
                        kept.push(id);
                    }
                }
                return Ok(kept);
            }
        }
        Ok(ids)
    }

    fn passes(&mut self, test: &Test, id: Id) -> Result<bool> {
        let page = self.page;
        self.spend(1)?;
        let name = page.name(id).unwrap_or_default();
        Ok(match test {
            Test::Name(wanted) => wanted == "*" || name.eq_ignore_ascii_case(wanted),
            Test::Attribute { name, operator, value, any_case } => {
                let Some(found) = page.attribute(id, name) else { return Ok(*operator == b'!') };
                let lower = |text: &str| if *any_case { text.to_lowercase() } else { text.to_owned() };
                let (found, value) = (lower(found), lower(value));
                match operator {
                    b'?' => true,
                    b'=' => found == value,
                    b'!' => found != value,
                    b'~' => !value.is_empty() && found.split_whitespace().any(|word| word == value),
                    b'|' => found == value || found.starts_with(&format!("{value}-")),
                    b'^' => !value.is_empty() && found.starts_with(&value),
                    b'$' => !value.is_empty() && found.ends_with(&value),
                    _ => !value.is_empty() && found.contains(&value),
                }
            }
            Test::Contains { text, any_case } => {
                let inside = page.text(id);
                self.spend(inside.len())?;
                match any_case {
                    true => inside.to_lowercase().contains(&text.to_lowercase()),
                    false => inside.contains(text),
                }
            }
            Test::Empty => !page.nodes[id].children.iter().any(|child| holds(page, *child)),
            Test::Parent => page.nodes[id].children.iter().any(|child| holds(page, *child)),
            Test::Root => page.nodes[id].parent == Some(0),
            Test::Field(names) => names.contains(&name),
            Test::Type(kind) => {
                name == "input" && page.attribute(id, "type").unwrap_or("text").eq_ignore_ascii_case(kind)
            }
            Test::Flag { name, set } => page.attribute(id, name).is_some() == *set,
            Test::Selected => name == "option" && page.attribute(id, "selected").is_some(),
            Test::Is(_) | Test::Not(_) | Test::Has(_) | Test::Place(_) | Test::Nth { .. } | Test::Only { .. } => true,
        })
    }
}

fn holds(page: &Page, id: Id) -> bool {
    match &page.nodes[id].data {
        Data::Element { .. } => true,
        Data::Text(text) => !text.is_empty(),
        _ => false,
    }
}
