//! Parses the code of one `{{ }}`. What is not in the native subset stops with [`Stop::Unsupported`], which never
//! means that the code is wrong.

use super::ast::*;
use super::builtin::{self, Global};
use super::lexer::{Lexer, Token};

/// Why code has no native tree.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// It may be JavaScript, but not native.
    Unsupported,
    /// It is no JavaScript.
    Syntax { message: String, offset: usize },
}

type Parsed<T> = Result<T, Stop>;

/// Deepest nesting that is native; it bounds the stack of parser, evaluator and destructor.
const MAX_DEPTH: usize = 96;

/// Parses code; `None` when there is none. As in n8n only the first statement counts.
pub(super) fn parse(code: &str) -> Parsed<Option<Expr>> {
    let mut parser = Parser { lexer: Lexer::new(code), token: Token::End, depth: 0, scope: Vec::new() };
    parser.advance()?;
    if parser.token == Token::End {
        return Ok(None);
    }
    let expr = parser.sequence()?;
    match parser.token {
        Token::End => Ok(Some(expr)),
        Token::Sign(";") => {
            parser.advance()?;
            if parser.token == Token::End { Ok(Some(expr)) } else { Err(Stop::Unsupported) }
        }
        _ => Err(Stop::Unsupported),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    token: Token,
    depth: usize,
    scope: Vec<Box<str>>,
}

/// The callee or object of what follows: a value, or a name that only means something together with what follows.
enum Base {
    Expr(Expr),
    Namespace(&'static str),
}

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<Token> {
        let token = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn at(&self, sign: &str) -> bool {
        matches!(self.token, Token::Sign(found) if found == sign)
    }

    fn eat(&mut self, sign: &str) -> Parsed<bool> {
        let found = self.at(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, sign: &str) -> Parsed<()> {
        if self.eat(sign)? { Ok(()) } else { Err(Stop::Unsupported) }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::Unsupported);
        }
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn sequence(&mut self) -> Parsed<Expr> {
        let first = self.assignment()?;
        if !self.at(",") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.eat(",")? {
            all.push(self.assignment()?);
        }
        Ok(Expr::Sequence(all))
    }

    /// An expression without commas.
    fn assignment(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            if let Some(arrow) = parser.arrow()? {
                return Ok(arrow);
            }
            let condition = parser.binary(0)?;
            if !parser.eat("?")? {
                return Ok(condition);
            }
            let yes = parser.assignment()?;
            parser.expect(":")?;
            let no = parser.assignment()?;
            Ok(Expr::Conditional(Box::new(condition), Box::new(yes), Box::new(no)))
        })
    }

    /// An arrow function, when one begins here; otherwise nothing is consumed.
    fn arrow(&mut self) -> Parsed<Option<Expr>> {
        let may_begin = match &self.token {
            Token::Name(name) => !builtin::is_reserved(name),
            Token::Sign("(") => true,
            _ => false,
        };
        if !may_begin {
            return Ok(None);
        }
        let (lexer, token, outer) = (self.lexer.clone(), self.token.clone(), self.scope.len());
        match self.parameters() {
            Ok(parameters) if self.at("=>") => {
                self.advance()?;
                let body = self.arrow_body()?;
                self.scope.truncate(outer);
                Ok(Some(Expr::Arrow(Box::new(Arrow { parameters, body }))))
            }
            _ => {
                self.scope.truncate(outer);
                (self.lexer, self.token) = (lexer, token);
                Ok(None)
            }
        }
    }

    fn arrow_body(&mut self) -> Parsed<Expr> {
        if !self.at("{") {
            return self.assignment();
        }
        // A block is native when it does nothing but return.
        self.advance()?;
        match self.advance()? {
            Token::Name(word) if &*word == "return" => {}
            _ => return Err(Stop::Unsupported),
        }
        let body = self.sequence()?;
        self.eat(";")?;
        self.expect("}")?;
        Ok(body)
    }

    fn parameters(&mut self) -> Parsed<Vec<Pattern>> {
        if matches!(self.token, Token::Name(_)) {
            return Ok(vec![self.pattern(0)?]);
        }
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.eat(")")? {
            parameters.push(self.pattern(0)?);
            if !self.at(")") {
                self.expect(",")?;
            }
        }
        Ok(parameters)
    }

    fn pattern(&mut self, depth: usize) -> Parsed<Pattern> {
        if depth > 4 {
            return Err(Stop::Unsupported);
        }
        match self.advance()? {
            Token::Name(name) if !builtin::is_reserved(&name) => {
                self.scope.push(name);
                Ok(Pattern::Name)
            }
            Token::Sign("[") => {
                let mut elements = Vec::new();
                while !self.eat("]")? {
                    let element = if self.at(",") { None } else { Some(self.pattern(depth + 1)?) };
                    elements.push(element);
                    if !self.at("]") {
                        self.expect(",")?;
                    }
                }
                Ok(Pattern::Array(elements))
            }
            Token::Sign("{") => {
                let mut fields = Vec::new();
                while !self.eat("}")? {
                    let (key, is_name) = match self.advance()? {
                        Token::Name(name) => (name, true),
                        Token::String(text) => (text.into_boxed_str(), false),
                        _ => return Err(Stop::Unsupported),
                    };
                    let pattern = if self.eat(":")? {
                        self.pattern(depth + 1)?
                    } else if is_name && !builtin::is_reserved(&key) {
                        self.scope.push(key.clone());
                        Pattern::Name
                    } else {
                        return Err(Stop::Unsupported);
                    };
                    fields.push((key, pattern));
                    if !self.at("}") {
                        self.expect(",")?;
                    }
                }
                Ok(Pattern::Object(fields))
            }
            _ => Err(Stop::Unsupported),
        }
    }

    fn binary(&mut self, floor: u8) -> Parsed<Expr> {
        let is_unary = matches!(self.token, Token::Sign("-" | "+" | "!" | "~"))
            || matches!(&self.token, Token::Name(name) if matches!(&**name, "typeof" | "void"));
        let mut left = self.unary()?;
        let mut wraps = 0;
        while let Token::Sign(sign) = self.token {
            let Some((power, operator)) = infix(sign) else { break };
            if power < floor {
                break;
            }
            // A long chain makes a deep tree too.
            wraps += 1;
            if self.depth + wraps > MAX_DEPTH || (sign == "**" && is_unary && wraps == 1) {
                return Err(Stop::Unsupported);
            }
            self.advance()?;
            let right_floor = if sign == "**" { power } else { power + 1 };
            let right = self.nested(|parser| parser.binary(right_floor))?;
            let (left_box, right_box) = (Box::new(left), Box::new(right));
            left = match operator {
                Infix::Binary(operator) => Expr::Binary(operator, left_box, right_box),
                Infix::Logical(operator) => {
                    if mixes(operator, &left_box) || mixes(operator, &right_box) {
                        return Err(Stop::Unsupported);
                    }
                    Expr::Logical(operator, left_box, right_box)
                }
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let operator = match &self.token {
            Token::Sign("!") => Unary::Not,
            Token::Sign("-") => Unary::Minus,
            Token::Sign("+") => Unary::Plus,
            Token::Sign("~") => Unary::BitNot,
            Token::Name(name) if &**name == "typeof" => Unary::Typeof,
            Token::Name(name) if &**name == "void" => Unary::Void,
            _ => return self.postfix(),
        };
        self.advance()?;
        let operand = self.nested(Self::unary)?;
        Ok(Expr::Unary(operator, Box::new(operand)))
    }

    /// A primary expression and the reads and calls on it.
    fn postfix(&mut self) -> Parsed<Expr> {
        let mut base = self.primary()?;
        let mut optional_chain = false;
        let mut wraps = 0;
        loop {
            let optional = self.at("?.");
            match self.token {
                Token::Sign("." | "?." | "[") => {}
                Token::Sign("(") | Token::Backtick => return Err(Stop::Unsupported),
                _ => break,
            }
            wraps += 1;
            if self.depth + wraps > MAX_DEPTH && !matches!(base, Base::Expr(Expr::Member(..))) {
                return Err(Stop::Unsupported);
            }
            optional_chain |= optional;
            base = match self.advance()? {
                Token::Sign("." | "?.") if matches!(self.token, Token::Name(_)) => self.after_dot(base, optional)?,
                Token::Sign("?.") if self.at("[") => {
                    self.advance()?;
                    self.after_bracket(base, true)?
                }
                Token::Sign("[") => self.after_bracket(base, false)?,
                _ => return Err(Stop::Unsupported),
            };
        }
        let Base::Expr(expr) = base else { return Err(Stop::Unsupported) };
        Ok(if optional_chain { Expr::Chain(Box::new(expr)) } else { expr })
    }

    fn after_dot(&mut self, base: Base, optional: bool) -> Parsed<Base> {
        let Token::Name(name) = self.advance()? else { return Err(Stop::Unsupported) };
        let object = match base {
            Base::Namespace(namespace) => {
                if optional {
                    return Err(Stop::Unsupported);
                }
                return match builtin::member(namespace, &name) {
                    Some(Global::Function(function)) if self.at("(") => {
                        Ok(Base::Expr(Expr::Call(function, self.arguments()?)))
                    }
                    Some(Global::Function(function)) => Ok(Base::Expr(Expr::Builtin(function))),
                    Some(Global::Number(number)) => Ok(Base::Expr(Expr::Number(number))),
                    _ => Err(Stop::Unsupported),
                };
            }
            Base::Expr(object) => object,
        };
        if self.at("(") {
            if !builtin::is_native_method(&name) {
                return Err(Stop::Unsupported);
            }
            let arguments = self.arguments()?;
            if never_native(&object, &name, &arguments) {
                return Err(Stop::Unsupported);
            }
            return Ok(Base::Expr(Expr::Method(Box::new(Method { object, name, optional, arguments }))));
        }
        if let Expr::Builtin(_) = object {
            return Err(Stop::Unsupported);
        }
        Ok(Base::Expr(read(object, Key::Name(name), optional)))
    }

    fn after_bracket(&mut self, base: Base, optional: bool) -> Parsed<Base> {
        let Base::Expr(object) = base else { return Err(Stop::Unsupported) };
        if let Expr::Builtin(_) = object {
            return Err(Stop::Unsupported);
        }
        let key = match self.nested(Self::sequence)? {
            Expr::String(text) => Key::Name(text),
            Expr::Number(number) if (0.0..1e9).contains(&number) && number.fract() == 0.0 => {
                Key::Index(number as usize)
            }
            computed => Key::Computed(computed),
        };
        self.expect("]")?;
        Ok(Base::Expr(read(object, key, optional)))
    }

    fn arguments(&mut self) -> Parsed<Vec<Element>> {
        self.expect("(")?;
        self.elements(")")
    }

    fn elements(&mut self, end: &str) -> Parsed<Vec<Element>> {
        let mut elements = Vec::new();
        while !self.eat(end)? {
            let element =
                if self.eat("...")? { Element::Spread(self.assignment()?) } else { Element::One(self.assignment()?) };
            elements.push(element);
            if !self.at(end) {
                self.expect(",")?;
            }
        }
        Ok(elements)
    }

    fn primary(&mut self) -> Parsed<Base> {
        // What may begin a regular expression or a template literal must not be lexed past as code.
        match self.token {
            Token::Backtick => return Ok(Base::Expr(self.template()?)),
            Token::Sign("(" | "[" | "{") | Token::Number(_) | Token::String(_) | Token::Name(_) => {}
            _ => return Err(Stop::Unsupported),
        }
        let expr = match self.advance()? {
            Token::Number(number) => Expr::Number(number),
            Token::String(text) => Expr::String(text.into_boxed_str()),
            Token::Name(name) => return self.name(name),
            Token::Sign("(") => {
                let inner = self.nested(Self::sequence)?;
                self.expect(")")?;
                // Parentheses end an optional chain, which `Expr::Chain` already does, and keep a spread of `??`
                // apart from `||`; a wrapper of one keeps that visible.
                match inner {
                    Expr::Logical(..) => Expr::Sequence(vec![inner]),
                    other => other,
                }
            }
            Token::Sign("[") => Expr::Array(self.elements("]")?),
            Token::Sign("{") => self.object()?,
            _ => return Err(Stop::Unsupported),
        };
        Ok(Base::Expr(expr))
    }

    fn template(&mut self) -> Parsed<Expr> {
        // The backtick is the current token, so the lexer stands right behind it, where the text begins.
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        loop {
            let (text, more) = self.lexer.template_part()?;
            texts.push(text.into_boxed_str());
            if !more {
                break;
            }
            self.advance()?;
            values.push(self.nested(Self::sequence)?);
            // The closing brace is the current token; the lexer stands right behind it.
            if !self.at("}") {
                return Err(Stop::Unsupported);
            }
        }
        self.advance()?;
        Ok(match (texts.len(), texts.pop()) {
            (1, Some(text)) => Expr::String(text),
            (_, last) => {
                texts.extend(last);
                Expr::Template(texts, values)
            }
        })
    }

    fn object(&mut self) -> Parsed<Expr> {
        let mut properties = Vec::new();
        while !self.eat("}")? {
            properties.push(self.property()?);
            if !self.at("}") {
                self.expect(",")?;
            }
        }
        Ok(Expr::Object(properties))
    }

    fn property(&mut self) -> Parsed<Property> {
        let key: Box<str> = match self.advance()? {
            Token::Sign("...") => return Ok(Property::Spread(self.assignment()?)),
            Token::Sign("[") => {
                let key = self.assignment()?;
                self.expect("]")?;
                self.expect(":")?;
                return Ok(Property::Computed(key, self.assignment()?));
            }
            Token::String(text) => text.into_boxed_str(),
            Token::Number(number) => super::number::to_string(number).into(),
            Token::Name(name) => {
                if self.at(",") || self.at("}") {
                    return match self.name(name.clone())? {
                        Base::Expr(value) => Ok(Property::Field(name, value)),
                        Base::Namespace(_) => Err(Stop::Unsupported),
                    };
                }
                name
            }
            _ => return Err(Stop::Unsupported),
        };
        self.expect(":")?;
        if &*key == "__proto__" {
            return Err(Stop::Unsupported);
        }
        Ok(Property::Field(key, self.assignment()?))
    }

    fn name(&mut self, name: Box<str>) -> Parsed<Base> {
        if let Some(position) = self.scope.iter().rposition(|local| *local == name) {
            return if self.at("(") { Err(Stop::Unsupported) } else { Ok(Base::Expr(Expr::Local(position))) };
        }
        let root = match &*name {
            "true" => return Ok(Base::Expr(Expr::Bool(true))),
            "false" => return Ok(Base::Expr(Expr::Bool(false))),
            "null" => return Ok(Base::Expr(Expr::Null)),
            "$" | "$items" | "$item" | "$if" if self.at("(") => return self.special_call(&name),
            "$json" | "$data" => Root::Json,
            "$binary" => Root::Binary,
            "$input" => Root::Input,
            "$node" => Root::NodeMap,
            "$vars" => Root::Vars,
            "$env" => Root::Env,
            "$execution" => Root::Execution,
            "$workflow" => Root::Workflow,
            "$prevNode" => Root::PrevNode,
            "$parameter" => Root::Parameter,
            "$itemIndex" | "$position" | "$thisItemIndex" => Root::ItemIndex,
            "$runIndex" | "$thisRunIndex" => Root::RunIndex,
            "$mode" => Root::Mode,
            _ => return self.global(&name),
        };
        if self.at("(") { Err(Stop::Unsupported) } else { Ok(Base::Expr(Expr::Root(root))) }
    }

    fn global(&mut self, name: &str) -> Parsed<Base> {
        if builtin::is_reserved(name) {
            return Err(Stop::Unsupported);
        }
        let expr = match builtin::global(name) {
            // `Number` and `String` are functions and namespaces.
            Global::Function(_) if name == "Number" && self.at(".") => return Ok(Base::Namespace("Number")),
            Global::Function(_) if self.at(".") || self.at("[") || self.at("?.") => return Err(Stop::Unsupported),
            Global::Function(function) if self.at("(") => Expr::Call(function, self.arguments()?),
            Global::Function(function) => Expr::Builtin(function),
            Global::Namespace(namespace) if self.at(".") => return Ok(Base::Namespace(namespace)),
            Global::Namespace(_) | Global::JavaScript => return Err(Stop::Unsupported),
            Global::Number(number) => Expr::Number(number),
            Global::Unknown if self.at("(") => return Err(Stop::Unsupported),
            Global::Undefined | Global::Unknown => Expr::Undefined,
        };
        Ok(Base::Expr(expr))
    }

    fn special_call(&mut self, name: &str) -> Parsed<Base> {
        let mut arguments = Vec::new();
        for argument in self.arguments()? {
            match argument {
                Element::One(expr) => arguments.push(expr),
                Element::Spread(_) => return Err(Stop::Unsupported),
            }
        }
        let mut arguments = arguments.into_iter();
        let (first, second, third, more) = (arguments.next(), arguments.next(), arguments.next(), arguments.next());
        if more.is_some() {
            return Err(Stop::Unsupported);
        }
        let expr = match (name, first, second, third) {
            ("$", Some(name), None, None) => Expr::Node(Box::new(name)),
            ("$items", name, None, None) => Expr::Items(name.map(Box::new)),
            ("$item", Some(index), None, None) => Expr::ItemScope(Box::new(index)),
            ("$if", Some(test), Some(yes), no) => {
                Expr::Conditional(Box::new(test), Box::new(yes), Box::new(no.unwrap_or(Expr::Bool(false))))
            }
            _ => return Err(Stop::Unsupported),
        };
        Ok(Base::Expr(expr))
    }
}

fn read(object: Expr, key: Key, optional: bool) -> Expr {
    let step = Step { key, optional };
    match object {
        Expr::Member(base, mut steps) => {
            steps.push(step);
            Expr::Member(base, steps)
        }
        base => Expr::Member(Box::new(base), vec![step]),
    }
}

/// Calls that would always turn out at run time not to be native: a method that changes data in place, and look-ups
/// of other nodes' items by branch, run or index.
fn never_native(object: &Expr, name: &str, arguments: &[Element]) -> bool {
    match object {
        Expr::Member(..) | Expr::Root(_) | Expr::Local(_) => {
            matches!(name, "fill" | "pop" | "push" | "reverse" | "shift" | "sort" | "splice" | "unshift")
        }
        Expr::Node(_) => name == "itemMatching" || !arguments.is_empty(),
        _ => false,
    }
}

enum Infix {
    Binary(Binary),
    Logical(Logical),
}

fn infix(sign: &str) -> Option<(u8, Infix)> {
    use Infix::{Binary as B, Logical as L};
    Some(match sign {
        "??" => (1, L(Logical::Nullish)),
        "||" => (2, L(Logical::Or)),
        "&&" => (3, L(Logical::And)),
        "|" => (4, B(Binary::BitOr)),
        "^" => (5, B(Binary::BitXor)),
        "&" => (6, B(Binary::BitAnd)),
        "==" => (7, B(Binary::Equal)),
        "!=" => (7, B(Binary::NotEqual)),
        "===" => (7, B(Binary::StrictEqual)),
        "!==" => (7, B(Binary::StrictNotEqual)),
        "<" => (8, B(Binary::Less)),
        "<=" => (8, B(Binary::LessEqual)),
        ">" => (8, B(Binary::Greater)),
        ">=" => (8, B(Binary::GreaterEqual)),
        "<<" => (9, B(Binary::ShiftLeft)),
        ">>" => (9, B(Binary::ShiftRight)),
        ">>>" => (9, B(Binary::ShiftRightUnsigned)),
        "+" => (10, B(Binary::Add)),
        "-" => (10, B(Binary::Subtract)),
        "*" => (11, B(Binary::Multiply)),
        "/" => (11, B(Binary::Divide)),
        "%" => (11, B(Binary::Remainder)),
        "**" => (12, B(Binary::Power)),
        _ => return None,
    })
}

/// `??` next to `||` or `&&` without parentheses is no JavaScript.
fn mixes(operator: Logical, side: &Expr) -> bool {
    match side {
        Expr::Logical(inner, ..) => (operator == Logical::Nullish) != (*inner == Logical::Nullish),
        _ => false,
    }
}
