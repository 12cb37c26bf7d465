//! The connectors that are shipped, and those of a folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use part::{NodeType, Provider};

use crate::manifest::Manifest;
use crate::node;

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// A connector and its node types.
pub struct Connector {
    /// What it is.
    pub manifest: Arc<Manifest>,
    /// Its node types.
    pub types: Vec<Arc<dyn NodeType>>,
    /// Where they come from, for the pins of runs.
    pub provider: Provider,
}

/// The connectors that are compiled in, in the order of their names. They are read once; one whose manifest is wrong,
/// which its tests would have said, is left out.
pub fn shipped() -> &'static [Connector] {
    static READ: OnceLock<Vec<Connector>> = OnceLock::new();
    READ.get_or_init(|| {
        let read = |(name, text): &(&str, &str)| match read(name, text.as_bytes(), false) {
            Ok(connector) => Some(connector),
            Err(fault) => {
                tracing::error!(fault, "a connector is left out");
                None
            }
        };
        SHIPPED.iter().filter_map(read).collect()
    })
}

/// The connector of a folder.
///
/// # Errors
/// There is no manifest, or it is wrong; says all that is.
pub fn of_folder(folder: &Path) -> Result<Connector, String> {
    let file = folder.join("connector.yaml");
    let text = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let connector = read(name, &text, true)?;
    if connector.manifest.connector.as_str() != name {
        return Err(format!("the folder is `{name}` and the connector `{}`", connector.manifest.connector));
    }
    Ok(connector)
}

/// Folders of connectors below a folder, in order.
///
/// # Errors
/// It cannot be read.
pub fn folders(catalog: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(catalog).map_err(|error| format!("{}: {error}", catalog.display()))?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("connector.yaml").is_file())
        .collect();
    folders.sort();
    Ok(folders)
}

fn read(name: &str, text: &[u8], yaml: bool) -> Result<Connector, String> {
    let manifest: Manifest = if yaml {
        let value: serde_json::Value =
            serde_yaml_ng::from_slice(text).map_err(|error| format!("{name}: {error}"))?;
        serde_path_to_error::deserialize(value).map_err(|error| format!("{name}: at `{}`: {}", error.path(), error.inner()))?
    } else {
        serde_json::from_slice(text).map_err(|error| format!("{name}: {error}"))?
    };
    let manifest = Arc::new(manifest);
    let types = node::types(&manifest).map_err(|faults| format!("{name}:\n  {}", faults.join("\n  ")))?;
    let digest = digest(text);
    Ok(Connector { provider: Provider { name: format!("connector:{name}"), digest }, manifest, types })
}

fn digest(text: &[u8]) -> String {
    let short: String = store::digest(text).to_string().chars().take(16).collect();
    short
}
