//! `core.crypto`: makes digests, signatures and random texts.
//!
//! ```json
//! { "action": "hash", "type": "SHA256", "value": "={{ $json.email }}", "dataPropertyName": "id" }
//! ```

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{self, RsaEncoding};
use futures_util::StreamExt;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::node::Slot;
use part::{Category, Ctx, Descriptor, Group, NodeError, Outcome, Plain, Typed};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use schemars::JsonSchema;
use serde::Deserialize;

use super::cipher::{self, Cipher};
use super::hash::Kind;
use crate::lenient;
use crate::lift::{is_expression, not_honoured};

/// What `core.crypto` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is made.
    #[schemars(title = "Make")]
    #[serde(default)]
    action: Action,
    /// How the digest is made (`hash`, `hmac`).
    #[schemars(title = "Kind of digest", extend("x-form" = { "when": { "action": ["hash", "hmac"] } }))]
    #[serde(rename = "type", default = "sha256")]
    kind: Kind,
    /// The text that it is made of.
    #[schemars(extend("x-form" = { "when": { "action": ["hash", "hmac", "sign", "encrypt", "decrypt"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
    /// It is made of a file of the item instead.
    #[schemars(title = "Of a file of the item", extend("x-form" = { "when": { "action": ["hash", "hmac"] } }))]
    #[serde(default)]
    binary_data: bool,
    /// Name of that file.
    #[schemars(
        title = "Name of the file in the item",
        extend("x-form" = { "when": { "action": ["hash", "hmac"], "binaryData": true } })
    )]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    binary_property_name: String,
    /// Name of the field that takes the result.
    #[schemars(title = "Into the field")]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    data_property_name: String,
    /// How the result is written (`hash`, `hmac`, `sign`).
    #[schemars(title = "Written as", extend("x-form" = { "when": { "action": ["hash", "hmac", "sign"] } }))]
    #[serde(default)]
    encoding: Encoding,
    /// The key of `hmac`, where no connection has it.
    #[schemars(extend("x-form" = { "when": { "action": "hmac" }, "as": "password" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    secret: String,
    /// The key of `sign`, an RSA key as PEM, where no connection has it.
    #[schemars(extend("x-form" = { "when": { "action": "sign" }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    private_key: String,
    /// How `sign` signs: `RSA-SHA256`, `RSA-SHA384` or `RSA-SHA512`.
    #[schemars(example = &"RSA-SHA256", extend("x-form" = { "when": { "action": "sign" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    algorithm: String,
    /// What `generate` makes.
    #[schemars(title = "Kind", extend("x-form" = { "when": { "action": "generate" } }))]
    #[serde(default)]
    encoding_type: Generated,
    /// Length of the text that `generate` makes.
    #[schemars(
        title = "Length",
        extend("x-form" = { "when": { "action": "generate", "encodingType": ["base64", "hex", "ascii"] } })
    )]
    #[serde(default = "thirty_two", deserialize_with = "lenient::whole")]
    string_length: u32,
    /// Which of the connection's keys `encrypt` and `decrypt` take.
    #[schemars(extend("x-form" = { "when": { "action": ["encrypt", "decrypt"] } }))]
    #[serde(default)]
    mode: Mode,
    /// The cipher of a passphrase: the same for `encrypt` and `decrypt`.
    #[schemars(extend("x-form" = { "when": { "action": ["encrypt", "decrypt"], "mode": "symmetric" } }))]
    #[serde(default)]
    cipher: Cipher,
}

fn sha256() -> Kind {
    Kind::Sha256
}
fn data() -> String {
    "data".into()
}
fn thirty_two() -> u32 {
    32
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Action {
    /// A digest.
    #[default]
    Hash,
    /// A digest with a key.
    Hmac,
    /// A signature.
    Sign,
    /// A random text.
    Generate,
    /// A text that only the key makes readable again, in base64.
    Encrypt,
    /// The text again.
    Decrypt,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Encoding {
    /// Digits 0 to f.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// A passphrase, for both ways.
    #[default]
    Symmetric,
    /// An RSA key: the public one encrypts a short text, the private one decrypts it.
    Asymmetric,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Generated {
    /// A UUID of version 4.
    #[default]
    Uuid,
    /// Letters and digits.
    Base64,
    /// Digits 0 to f.
    Hex,
    /// Any of the 128 ASCII characters, those that are not shown included.
    Ascii,
}

/// Longest text that is generated.
const LONGEST: u32 = 1 << 20;

/// Makes digests, signatures and random texts.
pub struct Crypto;

/// The slot of the connection that holds keys.
const KEYS: &str = "keys";

impl Plain for Crypto {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &[
            "hash", "hmac", "md5", "sha256", "sign", "uuid", "random", "secret", "encrypt", "decrypt", "aes", "rsa",
        ],
        ..Descriptor::pure::<Params>(
            "core.crypto",
            Group::Transform,
            "Crypto",
            "Makes digests, signatures and random texts, encrypts and decrypts",
        )
    };
    const SLOTS: &'static [Slot] = &[Slot { slot: KEYS, kinds: &["keys"] }];
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.crypto", versions: &[1.0, 2.0] }];
    const NAMES: Names = &[
        ("action", "action"),
        ("type", "type"),
        ("value", "value"),
        ("binaryData", "binaryData"),
        ("binaryPropertyName", "binaryPropertyName"),
        ("dataPropertyName", "dataPropertyName"),
        ("encoding", "encoding"),
        ("secret", "secret"),
        ("privateKey", "privateKey"),
        ("algorithm", "algorithm"),
        ("encodingType", "encodingType"),
        ("stringLength", "stringLength"),
        ("mode", "mode"),
        ("cipher", "cipher"),
    ];

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        let get = |name: &str| node.params.get(name);
        let is = |name: &str, wanted: &[&str]| get(name).and_then(Value::as_str).is_some_and(|is| wanted.contains(&is));
        let mut problems = Vec::new();
        let empty = get("value").is_none_or(|value| value == "");
        let of_file =
            get("binaryData").is_some_and(|flag| flag != false) && !is("action", &["sign", "encrypt", "decrypt"]);
        if empty && !of_file && !is("action", &["generate"]) {
            let problem = Problem::new(Code::InvalidSpec, "the value is empty");
            problems.push(problem.at("/params/value").hint("say what it is made of, for example `={{ $json.email }}`"));
        }
        if is("action", &["encrypt", "decrypt"]) && !node.connections.contains_key(KEYS) {
            let problem = Problem::new(Code::ConnectionMissing, "there is no connection that holds the key");
            problems.push(problem.at("/connections/keys").hint("choose a connection of type `keys`"));
        }
        problems
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let mut lifted = Lifted::plain(n8n::named(node, Self::NAMES));
        let action = node.text("action", "hash");
        if node.version < 2.0 && matches!(action, "hash" | "hmac") {
            lifted.params.entry("type").or_insert_with(|| "MD5".into());
        }
        match action {
            "hmac" | "sign" | "encrypt" | "decrypt" if node.version >= 2.0 => {
                lifted.params.retain(|name, _| name != "secret" && name != "privateKey");
                lifted.slots.insert("crypto".into(), KEYS.into());
            }
            _ => {}
        }
        let algorithm = node.param("algorithm");
        if action == "sign" && !is_expression(algorithm) {
            let name = algorithm.as_str().unwrap_or_default();
            if padding(name).is_none() {
                not_honoured(
                    &mut lifted,
                    "algorithm",
                    format!("`{name}` is not there: sign with RSA-SHA256, 384 or 512"),
                );
            }
        }
        lifted
    }

    fn lower(params: &Map, to: &Version) -> Map {
        let mut lowered = n8n::renamed(params, Self::NAMES);
        if to.version < 2.0 && lowered.get("type").is_some_and(|kind| kind == "MD5") {
            lowered.shift_remove("type");
        }
        lowered
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        ctx.each_async(params, |one| {
            Box::pin(async move { Ok(vec![made(&one.params, one.ctx, &one.item, one.position).await?]) })
        })
        .await
    }
}

async fn made(params: &Params, ctx: &Ctx, item: &Arc<Item>, position: usize) -> Result<Item, NodeError> {
    let mut made = Item::clone(item);
    let written = |bytes: &[u8]| match params.encoding {
        Encoding::Hex => data_encoding::HEXLOWER.encode(bytes),
        Encoding::Base64 => data_encoding::BASE64.encode(bytes),
    };
    let result = match params.action {
        Action::Hash | Action::Hmac => {
            let key = match params.action {
                Action::Hmac => Some(own_or_kept(ctx, &params.secret, "hmacSecret").await?),
                _ => None,
            };
            if key.as_ref().is_some_and(|key| key.is_empty()) {
                let error = NodeError::parameter("/params/secret", "there is no key to make the digest with");
                return Err(error.hint("choose a connection of type `keys` with an `hmacSecret`, or set `secret`"));
            }
            if params.binary_data {
                // As in n8n, the files do not come along then.
                made.binary = None;
                written(&of_file(params, ctx, item, key.as_deref()).await?)
            } else {
                written(&params.kind.digest(key.as_deref(), params.value.as_bytes()))
            }
        }
        Action::Sign => written(&signed(params, &own_or_kept(ctx, &params.private_key, "privateKey").await?)?),
        Action::Generate => generated(params, ctx, position)?,
        Action::Encrypt => data_encoding::BASE64.encode(&encrypted(params, ctx, position).await?),
        Action::Decrypt => decrypted(params, ctx).await?,
    };
    made.json.insert(params.data_property_name.clone(), Value::String(result));
    Ok(made)
}

/// A key that the node has itself, or that of its connection.
async fn own_or_kept(ctx: &Ctx, own: &str, field: &str) -> Result<Vec<u8>, NodeError> {
    match ctx.info().connections.get(KEYS) {
        Some(connection) => Ok(ctx.host().key(connection, field).await?.bytes().to_vec()),
        None => Ok(own.as_bytes().to_vec()),
    }
}

async fn kept(ctx: &Ctx, field: &str) -> Result<Vec<u8>, NodeError> {
    let Some(connection) = ctx.info().connections.get(KEYS) else {
        let error = NodeError::new(Code::ConnectionMissing, Category::Auth, "the node has no connection with its key");
        return Err(error.hint("choose a connection of type `keys`"));
    };
    Ok(ctx.host().key(connection, field).await?.bytes().to_vec())
}

async fn encrypted(params: &Params, ctx: &Ctx, position: usize) -> Result<Vec<u8>, NodeError> {
    let text = params.value.clone();
    if params.mode == Mode::Asymmetric {
        let key = kept(ctx, "publicKey").await?;
        return cipher::encrypt_with_public_key(&key, &text).map_err(NodeError::bad_data);
    }
    let (passphrase, cipher) = (kept(ctx, "passphrase").await?, params.cipher);
    let chance = chance(ctx, position, cipher::CHANCE);
    let sealed = slowly(move || cipher.encrypt(&passphrase, &chance, &text)).await?;
    sealed.ok_or_else(|| NodeError::bad_data("the text cannot be encrypted"))
}

async fn decrypted(params: &Params, ctx: &Ctx) -> Result<String, NodeError> {
    let payload = data_encoding::BASE64.decode(params.value.trim().as_bytes());
    let payload = payload.map_err(|_| NodeError::bad_data("Ciphertext is malformed or truncated"))?;
    let opened = match params.mode {
        Mode::Asymmetric => cipher::decrypt_with_private_key(&kept(ctx, "decryptionKey").await?, &payload),
        Mode::Symmetric => {
            let (passphrase, cipher) = (kept(ctx, "passphrase").await?, params.cipher);
            slowly(move || cipher.decrypt(&passphrase, &payload)).await?
        }
    };
    opened.map_err(NodeError::bad_data)
}

/// Does what takes a tenth of a second of the processor where nobody waits for the thread.
async fn slowly<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NodeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| NodeError::bug("a key could not be made of the passphrase"))
}

async fn of_file(params: &Params, ctx: &Ctx, item: &Item, key: Option<&[u8]>) -> Result<Vec<u8>, NodeError> {
    let name = &params.binary_property_name;
    let file = item.file(name).ok_or_else(|| {
        let detail = format!("This operation expects the node's input data to contain a binary file '{name}'");
        NodeError::bad_data(detail).hint("look at the names of the item's files")
    })?;
    let mut hasher = params.kind.hasher(key);
    let mut content = ctx.read_file(file).await?;
    while let Some(part) = content.next().await {
        hasher.update(&part?);
    }
    Ok(hasher.finish())
}

/// How a signature is made, by the names that OpenSSL knows it by.
fn padding(algorithm: &str) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm.to_ascii_lowercase().as_str() {
        "rsa-sha256" | "sha256" | "sha256withrsaencryption" => &signature::RSA_PKCS1_SHA256,
        "rsa-sha384" | "sha384" | "sha384withrsaencryption" => &signature::RSA_PKCS1_SHA384,
        "rsa-sha512" | "sha512" | "sha512withrsaencryption" => &signature::RSA_PKCS1_SHA512,
        _ => return None,
    })
}

fn signed(params: &Params, key: &[u8]) -> Result<Vec<u8>, NodeError> {
    let padding = padding(&params.algorithm).ok_or_else(|| {
        let detail = format!("`{}` is no way to sign here", params.algorithm);
        NodeError::parameter("/params/algorithm", detail).hint("choose RSA-SHA256, RSA-SHA384 or RSA-SHA512")
    })?;
    // The reason is not told: it could show parts of the key.
    let unreadable = || {
        let error = NodeError::parameter("/params/privateKey", "the key cannot be read; expected an RSA key as PEM");
        error.hint("it begins with `-----BEGIN PRIVATE KEY-----` and is not encrypted")
    };
    let pair = match PrivateKeyDer::from_pem_slice(cipher::mended(key).as_bytes()).map_err(|_| unreadable())? {
        PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()).map_err(|_| unreadable())?,
        PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| unreadable())?,
        _ => return Err(unreadable()),
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    // This padding takes nothing from chance, so that the same is signed the same way again.
    let signed = pair.sign(padding, &SystemRandom::new(), params.value.as_bytes(), &mut signature);
    signed.map_err(|_| unreadable())?;
    Ok(signature)
}

fn generated(params: &Params, ctx: &Ctx, position: usize) -> Result<String, NodeError> {
    if params.string_length > LONGEST {
        let detail = format!("a text of {} characters is too long; the most is {LONGEST}", params.string_length);
        return Err(NodeError::parameter("/params/stringLength", detail));
    }
    let length = params.string_length as usize;
    let shortened = |text: String| text.chars().take(length).collect::<String>();
    Ok(match params.encoding_type {
        Generated::Uuid => {
            let mut bytes = chance(ctx, position, 16);
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            let hex = data_encoding::HEXLOWER.encode(&bytes);
            [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
        }
        Generated::Hex => shortened(data_encoding::HEXLOWER.encode(&chance(ctx, position, length))),
        Generated::Base64 => {
            let text = data_encoding::BASE64.encode(&chance(ctx, position, length));
            shortened(text.chars().filter(char::is_ascii_alphanumeric).collect())
        }
        Generated::Ascii => chance(ctx, position, length).iter().map(|byte| char::from(byte & 0x7f)).collect(),
    })
}

/// Random bytes of the step: the same when it is attempted again. They are digests of its seed, so that one of them
/// says nothing about the others.
fn chance(ctx: &Ctx, position: usize, length: usize) -> Vec<u8> {
    let info = ctx.info();
    let mut bytes = Vec::with_capacity(length + 32);
    for block in 0_u64.. {
        if bytes.len() >= length {
            break;
        }
        let place = format!("core.crypto {} {} {} {position} {block}", info.seed, info.run, info.step);
        bytes.extend(Kind::Sha256.digest(None, place.as_bytes()));
    }
    bytes.truncate(length);
    bytes
}

/// A key for tests, as PEM.
#[cfg(test)]
pub(super) fn test_key() -> String {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let text = data_encoding::BASE64.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::check_round_trip;

    fn one(params: Value) -> Value {
        run(&Crypto, params, &[json!([{ "a": 1 }])]).unwrap()[0][0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Crypto);
        contract::runs(&Crypto, json!({ "action": "generate" }), &[json!([{}, {}])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let params =
            json!({ "action": "hash", "type": "SHA256", "value": "={{ $json.email }}", "dataPropertyName": "id" });
        let made = run(&Crypto, params, &[json!([{ "email": "x" }])]).unwrap();
        let id = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!(made, [json!([{ "email": "x", "id": id }])]);
    }

    #[test]
    fn digests_are_those_of_n8n() {
        for (kind, hash, hmac) in [
            ("MD5", "be50e8478cf24ff3595bc7307fb91b50", "xK+njedF8ds+45fUiNKJmQ=="),
            ("SHA1", "35b5ea45c5e41f78b46a937cc74d41dfea920890", "uESXCvWigGLYIAFPOfKxST4PxVY="),
            (
                "SHA256",
                "3c48591d8d098a4538f5e013dfcf406e948eac4d3277b10bf614e295d6068179",
                "eV4saB/rfoNGHObNQ62oQJ+wr+J61W49b4PgdZT9we0=",
            ),
            (
                "SHA3-256",
                "af9db8307521b5e3d5549adcb8d6197a378902789c1649a9adb2c559c54943ac",
                "CQGPnaADanAffNlpBlQVnNZyuuAPBbvu9ApZmc4Y1/4=",
            ),
            (
                "SHA3-384",
                "001ec1958d7ecb488476e308d05861dc73a26a785d8b078cbeba57ffc4b9ca16fd067e93c351db832ab765f08e3e0f00",
                "w1GoOinA12lwkBZbmGqnnWt0gEOYNH/V3Kmh/t48y7gKcNLupjIxmEizav2CEN8o",
            ),
            (
                "SHA384",
                "19d752a0be2905196c631f6a82a3169a58b1d850f2773d88702d8ca77dcdd25cfed091bc38c38b7efff287514831f61a",
                "MCKDsk5c37CfBWS9+dHElDT3bNjVnGDmhDQi5am9B1SJiiJ8ggACldMeLPJz3tB8",
            ),
        ] {
            let hashed = one(json!({ "type": kind, "value": "héllo" }));
            assert_eq!(hashed, json!({ "a": 1, "data": hash }), "{kind}");
            let keyed =
                one(json!({ "action": "hmac", "type": kind, "value": "héllo", "secret": "k", "encoding": "base64" }));
            assert_eq!(keyed["data"], hmac, "{kind}");
        }
        let long = one(json!({ "type": "SHA3-512", "value": "héllo" }))["data"].as_str().unwrap().to_owned();
        assert!(long.starts_with("d2afc6ebcc64f910") && long.len() == 128);
        let long = one(json!({ "type": "SHA512", "value": "héllo" }))["data"].as_str().unwrap().to_owned();
        assert!(long.starts_with("a67e831011aa41eb") && long.len() == 128);
        assert_eq!(
            one(json!({ "type": "MD5", "value": "x", "dataPropertyName": "a.b" }))["a.b"],
            "9dd4e461268c8034f5c8564e155c67a6"
        );
    }

    #[test]
    fn files_are_read_part_by_part_and_stay_behind() {
        let item = json!([{ "json": {}, "binary": { "f": { "mimeType": "x/y", "data": "eA==" } } }]);
        let params = json!({ "type": "MD5", "binaryData": true, "binaryPropertyName": "f" });
        let ran = Bench::new(&Crypto, params.clone()).unwrap().run(std::slice::from_ref(&item)).unwrap();
        assert_eq!(ran.json(), [json!([{ "data": "9dd4e461268c8034f5c8564e155c67a6" }])]);
        assert!(ran.files(0, 0).is_empty());
        assert!(failure(&Crypto, params, &[json!([{}])]).contains("a binary file 'f'"));
    }

    #[test]
    fn signatures_can_be_checked_with_the_public_key() {
        use aws_lc_rs::signature::KeyPair as _;
        let key = test_key();
        let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap() else { panic!() };
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let params = json!({ "action": "sign", "value": "x", "privateKey": key, "algorithm": "RSA-SHA256", "encoding": "base64" });
        let made = one(params.clone())["data"].as_str().unwrap().to_owned();
        assert_eq!(one(params)["data"], made, "it is the same again");
        let signature = data_encoding::BASE64.decode(made.as_bytes()).unwrap();
        let public = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, pair.public_key());
        assert!(public.verify(b"x", &signature).is_ok());
        let broken = json!({ "action": "sign", "value": "x", "privateKey": "secret text", "algorithm": "RSA-SHA256" });
        assert!(!failure(&Crypto, broken, &[json!([{}])]).contains("secret text"));
        let unknown = json!({ "action": "sign", "value": "x", "algorithm": "blake2b512" });
        assert_eq!(failure(&Crypto, unknown, &[json!([{}])]), "`blake2b512` is no way to sign here");
    }

    #[test]
    fn random_texts_have_their_form_and_come_from_the_step() {
        let make = |kind: &str, length: Value| {
            let params = json!({ "action": "generate", "encodingType": kind, "stringLength": length });
            let made = run(&Crypto, params, &[json!([{}, {}])]).unwrap()[0].clone();
            assert_ne!(made[0], made[1], "{kind}");
            made[0]["data"].as_str().unwrap().to_owned()
        };
        let uuid = make("uuid", json!(1));
        assert!(uuid.len() == 36 && &uuid[14..15] == "4" && "89ab".contains(&uuid[19..20]), "{uuid}");
        assert!(make("hex", json!("10")).bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(
            (make("hex", json!(10)).len(), make("base64", json!(40)).len(), make("ascii", json!(9)).len()),
            (10, 40, 9)
        );
        let huge = json!({ "action": "generate", "encodingType": "hex", "stringLength": 4_000_000_000_u32 });
        assert!(failure(&Crypto, huge, &[json!([{}])]).contains("too long"));
    }

    fn keeping(params: Value, keys: &[(&str, &str)]) -> Bench {
        let spec = NodeSpec {
            name: "Node".into(),
            params: params.as_object().unwrap().clone(),
            connections: [("keys".to_owned(), "ring".parse().unwrap())].into(),
            ..NodeSpec::default()
        };
        keys.iter().fold(Bench::of(&Crypto, spec).unwrap(), |bench, (field, key)| bench.key(field, key))
    }

    #[test]
    fn the_keys_of_a_connection_are_used() {
        let made = |params: Value, keys: &[(&str, &str)]| {
            keeping(params, keys).run(&[json!([{}])]).map(|ran| ran.json()[0][0]["data"].clone())
        };
        let hmac = json!({ "action": "hmac", "value": "x", "type": "MD5" });
        let own = one(json!({ "action": "hmac", "value": "x", "type": "MD5", "secret": "k" }))["data"].clone();
        assert_eq!(made(hmac.clone(), &[("hmacSecret", "k")]).unwrap(), own);
        assert!(made(hmac, &[]).unwrap_err().problem.detail.contains("hmacSecret"));
        let passphrase = [("passphrase", "open sesame")];
        let sealed = made(json!({ "action": "encrypt", "value": "héllo" }), &passphrase).unwrap();
        let open = |keys: &[(&str, &str)]| made(json!({ "action": "decrypt", "value": sealed }), keys);
        assert_eq!(open(&passphrase).unwrap(), "héllo");
        let wrong = open(&[("passphrase", "open barley")]).unwrap_err().problem.detail;
        assert!(wrong.starts_with("Decryption failed") && !wrong.contains("barley"));
        let private = test_key();
        let public = public_of(&private);
        let encrypt = json!({ "action": "encrypt", "mode": "asymmetric", "value": "héllo" });
        let sealed = made(encrypt, &[("publicKey", &public)]).unwrap();
        let decrypt = json!({ "action": "decrypt", "mode": "asymmetric", "value": sealed });
        assert_eq!(made(decrypt, &[("decryptionKey", &private)]).unwrap(), "héllo");
        let long = json!({ "action": "encrypt", "mode": "asymmetric", "value": "x".repeat(400) });
        assert!(made(long, &[("publicKey", &public)]).unwrap_err().problem.detail.contains("too large"));
    }

    fn public_of(private: &str) -> String {
        use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
        use aws_lc_rs::signature::KeyPair as _;
        let der = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(private.as_bytes()).unwrap();
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let text = data_encoding::BASE64.encode(public.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    #[test]
    fn what_lacks_its_value_or_its_key_does_not_start() {
        let lacks = |params: Value| {
            let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
            let problems = part::NodeType::prepare(&Crypto, &spec).unwrap().incomplete();
            problems.into_iter().filter_map(|problem| problem.pointer).collect::<Vec<_>>()
        };
        assert_eq!(lacks(json!({ "value": "" })), ["/params/value"]);
        assert_eq!(lacks(json!({ "value": "={{ '' }}" })), [""; 0]);
        assert_eq!(lacks(json!({ "action": "generate" })), [""; 0]);
        assert_eq!(lacks(json!({ "binaryData": true })), [""; 0]);
        assert_eq!(lacks(json!({ "action": "encrypt", "value": "x" })), ["/connections/keys"]);
    }

    #[test]
    fn both_versions_come_back_and_keys_of_credentials_are_asked_for() {
        check_round_trip(&Crypto, 1.0, json!({ "action": "hmac", "value": "x", "secret": "k", "encoding": "base64" }));
        check_round_trip(&Crypto, 2.0, json!({ "value": "x", "binaryData": true, "type": "MD5" }));
        let lift = |version, parameters| Crypto::lift(&crate::lift::node("n8n-nodes-base.crypto", version, parameters));
        assert_eq!(lift(1.0, json!({})).params["type"], "MD5");
        assert_eq!(lift(2.0, json!({ "action": "hmac" })).slots["crypto"], "keys");
        check_round_trip(&Crypto, 2.0, json!({ "action": "encrypt", "value": "x", "cipher": "aes-128-gcm" }));
        assert_eq!(lift(1.0, json!({ "action": "sign", "algorithm": "RSA-MD5" })).problems.len(), 1);
        let no_key = json!({ "action": "hmac", "value": "x" });
        assert_eq!(failure(&Crypto, no_key, &[json!([{}])]), "there is no key to make the digest with");
    }
}
