//! Files of items that are put together.

use model::{Binary, Item};

/// Puts the files of items into one; a name that is taken gets a number. With `unique`, of files that are equal in
/// type, size and extension only the first is taken.
pub fn collect<'a>(made: &mut Item, items: impl Iterator<Item = &'a Item>, unique: bool) {
    let mut seen: Vec<Binary> = Vec::new();
    for item in items {
        for (name, file) in item.binary.iter().flat_map(|files| files.iter()) {
            let equal = |other: &Binary| {
                other.mime_type == file.mime_type
                    && other.size == file.size
                    && other.file_extension == file.file_extension
            };
            if unique && seen.iter().any(equal) {
                continue;
            }
            seen.push(file.clone());
            let free = |name: &String| made.file(name).is_none();
            let names = std::iter::once(name.clone()).chain((1u64..).map(|number| format!("{name}_{number}")));
            if let Some(name) = names.into_iter().find(free) {
                made.set_file(name, file.clone());
            }
        }
    }
}
