//! What was given when it is no document of OpenAPI, and what to do about it.

use std::path::Path;

use model::{Code, Problem, Value};

use super::document::Plain;
use super::unreadable;

/// The value of a text of JSON or YAML.
///
/// # Errors
/// It is neither; the error says in which line, or what it is.
pub fn parsed(text: &[u8]) -> Result<Value, Problem> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let first = text.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    let fault = match first {
        None => return Err(unreadable("the file is empty").hint(DOCUMENT)),
        Some(b'<') => return Err(marked(text)),
        Some(b'{' | b'[') => match serde_json::from_slice(text) {
            Ok(value) => return Ok(value),
            Err(error) => format!("the document is no JSON: {error}{}", shown(text, Some(error.line()))),
        },
        Some(_) => String::new(),
    };
    // YAML may begin with a brace, too.
    match serde_yaml_ng::from_slice::<Plain>(text) {
        Ok(Plain(value)) => Ok(value),
        Err(_) if !fault.is_empty() => Err(unreadable(fault).hint("mend the line, or fetch the document again")),
        Err(error) => {
            let line = error.location().map(|place| place.line());
            let problem = unreadable(format!("the document is neither JSON nor YAML: {error}{}", shown(text, line)));
            let tab = line.and_then(|line| line_of(text, line)).is_some_and(|line| line.contains('\t'));
            Err(problem.hint(match text.starts_with(b"#%RAML") {
                true => "it is RAML: have it converted to OpenAPI first",
                false if tab => "YAML does not take tabs at the beginning of a line: use blanks",
                false => "mend the line, or fetch the document again",
            }))
        }
    }
}

const DOCUMENT: &str = "give a document of OpenAPI 3.x or Swagger 2.0: a file of JSON or YAML that begins with `openapi:` or \
                        `swagger:`";

/// The line of a fault, as it stands there.
fn shown(text: &[u8], line: Option<usize>) -> String {
    let found = line.and_then(|line| Some((line, line_of(text, line)?)));
    found.map_or(String::new(), |(number, line)| {
        let short: String = line.trim_end().chars().take(120).collect();
        format!("\n  {number} | {short}")
    })
}

fn line_of(text: &[u8], line: usize) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').nth(line.checked_sub(1)?)?;
    Some(String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned())
}

/// A page, or another description of an API in XML.
fn marked(text: &[u8]) -> Problem {
    let head = String::from_utf8_lossy(&text[..text.len().min(4_000)]).to_ascii_lowercase();
    if head.contains("<html") || head.contains("<!doctype html") {
        let problem = unreadable("it is a web page, not a document of OpenAPI");
        return problem.hint("such pages load the document from elsewhere: look for a link to `openapi.json`, `openapi.yaml` or `swagger.json` in it, and save that");
    }
    if head.contains("wsdl") || head.contains("definitions") {
        return unreadable("it is WSDL, which describes SOAP").hint("call SOAP services with the node `http.request`");
    }
    unreadable("it is XML, not a document of OpenAPI").hint(DOCUMENT)
}

/// What a value is that names neither `openapi` nor `swagger`.
pub fn other(root: &Value) -> Problem {
    let has = |key: &str| root.get(key).is_some();
    let postman = root["info"]["schema"].as_str().is_some_and(|schema| schema.contains("postman"));
    if postman || root["info"].get("_postman_id").is_some() || root["collection"]["info"].is_object() {
        let problem = unreadable("it is a Postman collection, not a document of OpenAPI");
        return problem.hint("ask the vendor for the OpenAPI document, or convert the collection first, for example with `npx postman-to-openapi collection.json -f openapi.yaml`");
    }
    if has("asyncapi") {
        let problem = unreadable("it is a document of AsyncAPI, which describes messages and not requests");
        return problem.hint("use the nodes for queues and webhooks, such as `kafka`, `mqtt` or `webhook`; for requests, give an OpenAPI document");
    }
    if root["kind"] == "discovery#restDescription" {
        let problem = unreadable("it is a discovery document of Google's, not one of OpenAPI");
        return problem.hint("convert it first, for example with `npx google-discovery-to-swagger`");
    }
    if has("swaggerVersion") || has("apiVersion") && has("apis") {
        let problem = unreadable("it is Swagger 1.x, which is too old to be read");
        return problem.hint("convert it to Swagger 2.0 or OpenAPI 3 first, for example with `npx api-spec-converter`");
    }
    if has("__schema") || root["data"].get("__schema").is_some() {
        let problem = unreadable("it is a schema of GraphQL, not a document of OpenAPI");
        return problem.hint("write operations with `graphql:`; see `docs/guides/write-a-connector.md`");
    }
    if root["log"].get("entries").is_some() {
        return unreadable("it is a recording of a browser (HAR), not a document of OpenAPI").hint(DOCUMENT);
    }
    if root["_type"] == "export" || root["type"].as_str().is_some_and(|kind| kind.contains("insomnia")) {
        return unreadable("it is an export of Insomnia, not a document of OpenAPI")
            .hint("export its design document instead");
    }
    if has("arazzo") || has("overlay") {
        return unreadable("it belongs to a document of OpenAPI, and is none itself")
            .hint("give the document that it is about");
    }
    if has("connector") && has("operations") {
        return unreadable("it is a connector's manifest already").hint("`fishplate connector check` looks at it");
    }
    let problem = unreadable("it names neither `openapi` nor `swagger`, and is no document of OpenAPI");
    if has("paths") || has("components") || has("definitions") {
        return problem.hint("it looks like a part of one: give the main file, or begin it with `openapi: 3.0.3`");
    }
    if has("$schema") || has("properties") {
        return problem.hint("it is a JSON schema: give the document that describes the requests");
    }
    problem.hint(DOCUMENT)
}

/// A file that cannot be read.
pub fn no_file(path: &Path, error: &std::io::Error) -> Problem {
    let shown = path.display().to_string();
    let problem = Problem::new(Code::NotFound, format!("{shown} cannot be read: {error}"));
    if shown.starts_with("http:/") || shown.starts_with("https:/") {
        let address = shown.replacen(":/", "://", usize::from(!shown.contains("://")));
        return problem.hint(format!("fetch it first: curl -fLo openapi.json {address}"));
    }
    if path.is_dir() {
        return problem.hint("it is a folder: name the main file in it, often `openapi.yaml` or `index.yaml`");
    }
    problem.hint("name the file of the document, such as openapi.yaml")
}
