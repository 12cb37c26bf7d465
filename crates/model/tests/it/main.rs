//! Expressions and compiled parameters from the outside.

mod corpus;
mod expressions;
mod js_cases;
mod n8n_cases;
mod params;
mod robustness;
mod world;
