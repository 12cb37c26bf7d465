//! The tree of the native subset.

use super::builtin::Builtin;

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(Box<str>),
    /// Literal texts around embedded values; one text more than values.
    Template(Vec<Box<str>>, Vec<Expr>),
    Root(Root),
    Builtin(Builtin),
    /// A parameter of an arrow function, by its position on the stack of locals.
    Local(usize),
    /// A run of property reads on one value.
    Member(Box<Expr>, Vec<Step>),
    Method(Box<Method>),
    Call(Builtin, Vec<Element>),
    /// `$('name')`.
    Node(Box<Expr>),
    /// `$items('name')`; without a name the input.
    Items(Option<Box<Expr>>),
    /// `$item(index)`.
    ItemScope(Box<Expr>),
    /// The end of an optional chain: where a `?.` on nothing makes the whole `undefined`.
    Chain(Box<Expr>),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Logical(Logical, Box<Expr>, Box<Expr>),
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    Array(Vec<Element>),
    Object(Vec<Property>),
    Arrow(Box<Arrow>),
    Sequence(Vec<Expr>),
}

/// What is at hand without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Json,
    Binary,
    Input,
    /// `$node`.
    NodeMap,
    Vars,
    Env,
    Execution,
    Workflow,
    PrevNode,
    Parameter,
    ItemIndex,
    RunIndex,
    Mode,
}

/// One property read.
#[derive(Debug)]
pub(super) struct Step {
    pub key: Key,
    pub optional: bool,
}

#[derive(Debug)]
pub(super) enum Key {
    Name(Box<str>),
    Index(usize),
    Computed(Expr),
}

/// A call of a method by its name.
#[derive(Debug)]
pub(super) struct Method {
    pub object: Expr,
    pub name: Box<str>,
    /// `object?.name()`.
    pub optional: bool,
    pub arguments: Vec<Element>,
}

/// An element of a list or an argument.
#[derive(Debug)]
pub(super) enum Element {
    One(Expr),
    Spread(Expr),
}

#[derive(Debug)]
pub(super) enum Property {
    Field(Box<str>, Expr),
    Computed(Expr, Expr),
    Spread(Expr),
}

/// An arrow function.
#[derive(Debug)]
pub(super) struct Arrow {
    pub parameters: Vec<Pattern>,
    pub body: Expr,
}

/// What a parameter takes apart. Names become locals in the order in which they are written.
#[derive(Debug)]
pub(super) enum Pattern {
    Name,
    Array(Vec<Option<Pattern>>),
    Object(Vec<(Box<str>, Pattern)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
    BitNot,
    Typeof,
    Void,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    StrictEqual,
    StrictNotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logical {
    And,
    Or,
    Nullish,
}
