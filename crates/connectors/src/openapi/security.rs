//! Ways to show an account, as a document declares them.

use model::{Map, Value};
use serde_json::json;

use super::{Document, sentence};

/// The manifest's `auth`.
pub fn schemes(document: &Document, title: &str, notes: &mut Vec<String>) -> Map {
    let declared = if document.old {
        &document.root["securityDefinitions"]
    } else {
        &document.root["components"]["securitySchemes"]
    };
    let mut auth = Map::new();
    for (name, scheme) in declared.as_object().into_iter().flatten() {
        let scheme = document.resolve(scheme);
        let help = sentence(scheme["description"].as_str(), &format!("Make one in the settings of {title}."));
        let id = super::identifier(name);
        let made = match (scheme["type"].as_str().unwrap_or_default(), scheme["in"].as_str()) {
            ("basic", _) => Some(json!({ "type": "basic", "title": "User and password", "help": help })),
            ("http", _) => match scheme["scheme"].as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
                "basic" => Some(json!({ "type": "basic", "title": "User and password", "help": help })),
                "bearer" => Some(json!({ "type": "bearer", "title": "Token", "help": help })),
                _ => None,
            },
            ("apiKey", Some("header")) => {
                Some(json!({ "type": "header", "title": "API key", "help": help, "name": scheme["name"] }))
            }
            ("apiKey", Some("query")) => {
                Some(json!({ "type": "query", "title": "API key", "help": help, "name": scheme["name"] }))
            }
            ("oauth2", _) => oauth(document, scheme, title, &help),
            _ => None,
        };
        match made {
            Some(made) => drop(auth.insert(id, made)),
            None => notes.push(format!("the way `{name}` of showing an account is not understood")),
        }
    }
    if auth.is_empty() {
        notes.push("the document does not say how an account is shown; write it at `auth`".into());
        auth.insert(
            "token".into(),
            json!({ "type": "bearer", "title": "Token", "help": format!("Make one in the settings of {title}.") }),
        );
    }
    auth
}

fn oauth(document: &Document, scheme: &Value, title: &str, help: &str) -> Option<Value> {
    let flow = |name: &str, old: &str| {
        if document.old { (scheme["flow"] == old).then_some(scheme) } else { scheme["flows"].get(name) }
    };
    let made = |flow: &Value, kind: &str| {
        let scopes: Vec<&String> = flow["scopes"].as_object().into_iter().flatten().map(|(scope, _)| scope).collect();
        let mut made = json!({ "type": "oauth2", "title": format!("Sign in with {title}"), "help": help, "flow": kind,
            "tokenUrl": flow["tokenUrl"], "scopes": scopes });
        if let Some(url) = flow["authorizationUrl"].as_str() {
            made["authorizeUrl"] = url.into();
        }
        made
    };
    if let Some(flow) = flow("authorizationCode", "accessCode") {
        return Some(made(flow, "authorizationCode"));
    }
    if let Some(flow) = flow("clientCredentials", "application") {
        return Some(made(flow, "clientCredentials"));
    }
    // The flows that are left hand a token to whoever asks in a browser, or want the person's password: a token that a
    // person has made is put in by hand.
    Some(json!({ "type": "bearer", "title": "Token", "help": help }))
}
