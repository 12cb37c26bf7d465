//! What a person or a token keeps for itself: views of lists, how it likes its pages.

use auth::Access;
use http::Method;
use model::id::PrincipalId;
use model::{Code, Problem, Value};
use part::http::{Call, Operation, Reply};

use super::{App, malformed, on};
use crate::resources::now_millis;

/// Longest name in bytes, and longest value as JSON.
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 64 << 10;

pub fn operations(app: &App) -> Vec<Operation> {
    let own =
        |method: Method, id: &str| Operation::new(method, "/api/v1/me/preferences/{key}", id, Access::Authenticated);
    vec![
        on(
            app,
            own(Method::GET, "myPreference")
                .about(
                    "me",
                    "Gives what was kept for whoever asks, a person or a token that is nobody's; `null` when nothing was.",
                )
                .gives::<Value>(),
            async |app, call| {
                let (holder, key) = place(&call)?;
                let Some(found) = app.store.preference(holder, key).await? else { return Reply::json(&Value::Null) };
                let value: Value = serde_json::from_str(&found)
                    .map_err(|error| Problem::new(Code::StoreCorrupt, format!("a preference is no JSON: {error}")))?;
                Reply::json(&value)
            },
        ),
        on(
            app,
            own(Method::PUT, "keepMyPreference")
                .about("me", "Keeps a preference, any JSON of at most 64 KiB; at most 64 of them.")
                .takes::<Value>()
                .status(204),
            async |app, mut call| {
                let value: Value = call.json().await?;
                let (holder, key) = place(&call)?;
                let text = value.to_string();
                if text.len() > LONGEST_VALUE {
                    let detail =
                        format!("a preference has at most {LONGEST_VALUE} bytes, and this one has {}", text.len());
                    return Err(Problem::new(Code::TooLarge, detail));
                }
                if !app.store.keep_preference(holder, key, &text, now_millis()).await? {
                    let detail = format!("{} preferences are kept already", store::MOST_PREFERENCES);
                    return Err(Problem::new(Code::TooLarge, detail).hint("forget one first, with DELETE"));
                }
                Ok(Reply::empty())
            },
        ),
        on(
            app,
            own(Method::DELETE, "forgetMyPreference").about("me", "Forgets a preference.").status(204),
            async |app, call| {
                let (holder, key) = place(&call)?;
                app.store.drop_preference(holder, key).await?;
                Ok(Reply::empty())
            },
        ),
    ]
}

/// Whose preference of which name.
fn place(call: &Call) -> Result<(PrincipalId, &str), Problem> {
    let key = call.segment("key");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if key.is_empty() || key.len() > LONGEST_NAME || !key.bytes().all(plain) {
        let detail = format!("the name of a preference has 1 to {LONGEST_NAME} letters, digits, `.`, `-` and `_`");
        return Err(malformed(detail));
    }
    let holder = call.grant()?.holder();
    Ok((holder.ok_or_else(|| Problem::new(Code::Forbidden, "only people and tokens keep preferences"))?, key))
}
