//! Parameters with expressions in them, compiled once and evaluated per item.

use crate::expr::{Data, Engine, EvalError, Template};
use crate::problem::pointer_step;
use crate::{Code, Map, Problem, Value};

/// Deepest nesting of parameters that is accepted.
pub const MAX_DEPTH: usize = 128;

/// A parameter tree whose strings may be expressions, compiled once.
///
/// A string that begins with `=` is a [`Template`]; one without `{{ }}` is folded into its text at once.
#[derive(Clone, Debug)]
pub struct Params {
    root: Vec<(String, ParamNode)>,
    /// The whole map, when nothing in it has to be evaluated.
    literal: Option<Map>,
    templates: Vec<CompiledTemplate>,
    nodes: Vec<String>,
}

/// One expression of a parameter tree.
#[derive(Clone, Debug)]
pub struct CompiledTemplate {
    /// JSON pointer to the parameter, for example `/assignments/0/value`.
    pub pointer: String,
    /// The parsed expression.
    pub template: Template,
}

/// A part of a parameter tree. Parts without expressions stay whole.
#[derive(Clone, Debug)]
pub enum ParamNode {
    /// A value that is the same for every item.
    Literal(Value),
    /// An expression: index into [`Params::templates`].
    Template(usize),
    /// An object with an expression somewhere in it.
    Object(Vec<(String, ParamNode)>),
    /// A list with an expression somewhere in it.
    Array(Vec<ParamNode>),
}

/// A parameter has no value for this item.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// The template of that index needs an answer of the sandbox, and none was offered.
    #[error("the expression at `{pointer}` needs JavaScript")]
    NeedsJavaScript {
        /// Index into [`Params::templates`].
        index: usize,
        /// JSON pointer to the parameter.
        pointer: String,
    },
    /// The expression failed.
    #[error("{message}")]
    Failed {
        /// What JavaScript or n8n would say.
        message: String,
        /// JSON pointer to the parameter.
        pointer: String,
    },
}

/// Answers of the sandbox, asked by index into [`Params::templates`].
///
/// `None`: not fetched. `Some(Err(message))`: it failed. `Some(Ok(None))`: the value is `undefined`.
pub type Answers<'f> = dyn FnMut(usize) -> Option<Result<Option<Value>, String>> + 'f;

impl Params {
    /// Compiles a parameter map. All expressions that cannot be read are reported, with their JSON pointers.
    pub fn compile(params: &Map) -> Result<Params, Vec<Problem>> {
        let mut compiler = Compiler::default();
        let root = compiler.object(params, 0);
        if !compiler.problems.is_empty() {
            return Err(compiler.problems);
        }
        let mut nodes: Vec<String> =
            compiler.templates.iter().flat_map(|compiled| compiled.template.nodes().iter().cloned()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let literal = compiler.templates.is_empty().then(|| literal_map(&root));
        Ok(Params { root, literal, templates: compiler.templates, nodes })
    }

    /// At least one parameter has to be evaluated per item.
    pub fn has_expressions(&self) -> bool {
        !self.templates.is_empty()
    }

    /// At least one expression is outside the native subset.
    pub fn needs_javascript(&self) -> bool {
        self.templates.iter().any(|compiled| compiled.template.engine() == Engine::JavaScript)
    }

    /// The map itself, when nothing in it has to be evaluated.
    pub fn literal(&self) -> Option<&Map> {
        self.literal.as_ref()
    }

    /// The expressions, in the order of the tree.
    pub fn templates(&self) -> &[CompiledTemplate] {
        &self.templates
    }

    /// Names of all nodes that the expressions refer to by a literal, sorted.
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// The sub-tree of one parameter, to be evaluated alone with [`Params::eval_node`].
    pub fn get(&self, key: &str) -> Option<&ParamNode> {
        self.root.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Builds the map for one item. A parameter that evaluates to `undefined` is left out; in a list it is `null`.
    pub fn eval(&self, data: &dyn Data, js: &mut Answers<'_>) -> Result<Map, ParamError> {
        match &self.literal {
            Some(map) => Ok(map.clone()),
            None => self.eval_object(&self.root, data, js),
        }
    }

    /// The names of the map's fields, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.root.iter().map(|(name, _)| name.as_str())
    }

    /// The values of the map's fields for one item, in the order of [`Params::names`]: what [`Params::eval`] gives,
    /// without the cost of building a map that the caller takes apart at once.
    pub fn eval_row(&self, data: &dyn Data, js: &mut Answers<'_>) -> Result<Vec<Option<Value>>, ParamError> {
        self.root.iter().map(|(_, node)| self.eval_node(node, data, js)).collect()
    }

    /// Builds the value of one sub-tree for one item. `None` is `undefined`.
    pub fn eval_node(
        &self,
        node: &ParamNode,
        data: &dyn Data,
        js: &mut Answers<'_>,
    ) -> Result<Option<Value>, ParamError> {
        match node {
            ParamNode::Literal(value) => Ok(Some(value.clone())),
            ParamNode::Template(index) => self.eval_template(*index, data, js),
            ParamNode::Object(fields) => Ok(Some(Value::Object(self.eval_object(fields, data, js)?))),
            ParamNode::Array(elements) => {
                let mut values = Vec::with_capacity(elements.len());
                for element in elements {
                    values.push(self.eval_node(element, data, js)?.unwrap_or(Value::Null));
                }
                Ok(Some(Value::Array(values)))
            }
        }
    }

    fn eval_object(
        &self,
        fields: &[(String, ParamNode)],
        data: &dyn Data,
        js: &mut Answers<'_>,
    ) -> Result<Map, ParamError> {
        let mut map = Map::with_capacity(fields.len());
        for (key, node) in fields {
            if let Some(value) = self.eval_node(node, data, js)? {
                map.insert(key.clone(), value);
            }
        }
        Ok(map)
    }

    fn eval_template(&self, index: usize, data: &dyn Data, js: &mut Answers<'_>) -> Result<Option<Value>, ParamError> {
        let compiled = &self.templates[index];
        let pointer = || compiled.pointer.clone();
        match compiled.template.eval(data) {
            Ok(value) => Ok(value),
            Err(EvalError::Failed { message }) => Err(ParamError::Failed { message, pointer: pointer() }),
            Err(EvalError::NeedsJavaScript) => match js(index) {
                Some(Ok(value)) => Ok(value),
                Some(Err(message)) => Err(ParamError::Failed { message, pointer: pointer() }),
                None => Err(ParamError::NeedsJavaScript { index, pointer: pointer() }),
            },
        }
    }
}

impl ParamError {
    /// JSON pointer to the parameter.
    pub fn pointer(&self) -> &str {
        match self {
            ParamError::NeedsJavaScript { pointer, .. } | ParamError::Failed { pointer, .. } => pointer,
        }
    }
}

#[derive(Default)]
struct Compiler {
    pointer: String,
    templates: Vec<CompiledTemplate>,
    problems: Vec<Problem>,
}

impl Compiler {
    fn object(&mut self, map: &Map, depth: usize) -> Vec<(String, ParamNode)> {
        map.iter().map(|(key, value)| (key.clone(), self.step(&pointer_step(key), value, depth))).collect()
    }

    fn step(&mut self, step: &str, value: &Value, depth: usize) -> ParamNode {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(step);
        let node = self.node(value, depth + 1);
        self.pointer.truncate(length);
        node
    }

    fn node(&mut self, value: &Value, depth: usize) -> ParamNode {
        if depth > MAX_DEPTH {
            let problem = Problem::new(Code::TooDeep, format!("parameters may be nested {MAX_DEPTH} levels deep"));
            self.problems.push(problem.at(self.pointer.clone()));
            return ParamNode::Literal(Value::Null);
        }
        match value {
            Value::String(text) => match text.strip_prefix('=') {
                Some(source) => self.template(source),
                None => ParamNode::Literal(value.clone()),
            },
            Value::Array(elements) => {
                let nodes: Vec<ParamNode> = elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| self.step(&index.to_string(), element, depth))
                    .collect();
                match nodes.iter().all(ParamNode::is_literal) {
                    true => ParamNode::Literal(Value::Array(
                        nodes.into_iter().filter_map(ParamNode::into_literal).collect(),
                    )),
                    false => ParamNode::Array(nodes),
                }
            }
            Value::Object(map) => {
                let fields = self.object(map, depth);
                match fields.iter().all(|(_, node)| node.is_literal()) {
                    true => ParamNode::Literal(Value::Object(literal_map(&fields))),
                    false => ParamNode::Object(fields),
                }
            }
            other => ParamNode::Literal(other.clone()),
        }
    }

    fn template(&mut self, source: &str) -> ParamNode {
        match Template::parse(source) {
            Ok(template) => match template.literal() {
                Some(text) => ParamNode::Literal(Value::String(text.to_owned())),
                None => {
                    self.templates.push(CompiledTemplate { pointer: self.pointer.clone(), template });
                    ParamNode::Template(self.templates.len() - 1)
                }
            },
            Err(error) => {
                let problem = Problem::new(Code::InvalidExpression, error.to_string())
                    .at(self.pointer.clone())
                    .hint(format!("look at character {} of the expression", error.offset + 1));
                self.problems.push(problem);
                ParamNode::Literal(Value::Null)
            }
        }
    }
}

impl ParamNode {
    /// Nothing in it has to be evaluated.
    pub fn is_literal(&self) -> bool {
        matches!(self, ParamNode::Literal(_))
    }

    fn into_literal(self) -> Option<Value> {
        match self {
            ParamNode::Literal(value) => Some(value),
            _ => None,
        }
    }
}

fn literal_map(fields: &[(String, ParamNode)]) -> Map {
    fields
        .iter()
        .filter_map(|(key, node)| match node {
            ParamNode::Literal(value) => Some((key.clone(), value.clone())),
            _ => None,
        })
        .collect()
}
