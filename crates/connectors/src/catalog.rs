//! The connectors that are shipped, and those of a folder.
//!
//! A server knows hundreds of node types and uses a few. What the palette and the importer ask of all of them is in an
//! index (`catalog/index.json`); a manifest is read when one of its node types is used for the first time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use part::{NodeType, Provider};
use serde::{Deserialize, Serialize};

use crate::check::MANIFEST;
use crate::lazy::{IndexedType, LazyType};
use crate::manifest::Manifest;
use crate::node;
use crate::written::{self, Fault, Lines};

/// The file of a connector's icon.
pub const ICON: &str = "icon.svg";
/// Most bytes of an icon. It is drawn 16 to 32 pixels wide.
const ICON_LIMIT: usize = 16 * 1024;

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// What is known of all connectors without reading their manifests.
static INDEX: &str = include_str!("../../../catalog/index.json");

/// A connector and its node types.
pub struct Connector {
    /// What it is.
    pub manifest: Arc<Manifest>,
    /// Its node types.
    pub types: Vec<Arc<dyn NodeType>>,
    /// Where they come from, for the pins of runs.
    pub provider: Provider,
}

/// A connector as the index has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indexed {
    /// Its name.
    pub name: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Schemes of connections that fit its node types.
    pub kinds: Vec<String>,
    /// Its node types.
    pub types: Vec<IndexedType>,
}

/// A connector that is read when it is used.
pub struct Shipped {
    name: &'static str,
    text: &'static str,
    icon: Option<&'static str>,
    read: OnceLock<Result<Connector, String>>,
}

impl Shipped {
    /// The connector.
    ///
    /// # Errors
    /// Its manifest is wrong, which its tests would have said.
    pub fn connector(&self) -> Result<&Connector, &str> {
        let read = self.read.get_or_init(|| {
            let read = read(self.name, self.text.as_bytes(), false);
            if let Err(fault) = &read {
                tracing::error!(fault, "a connector cannot be read");
            }
            read
        });
        read.as_ref().map_err(String::as_str)
    }

    /// Its icon, an SVG document, where it has one.
    pub fn icon(&self) -> Option<&'static str> {
        self.icon
    }
}

/// All connectors that are compiled in, by name. None is read yet.
fn all() -> &'static HashMap<&'static str, Shipped> {
    static ALL: OnceLock<HashMap<&'static str, Shipped>> = OnceLock::new();
    ALL.get_or_init(|| {
        let shipped = SHIPPED.iter();
        shipped.map(|(name, text, icon)| (*name, Shipped { name, text, icon: *icon, read: OnceLock::new() })).collect()
    })
}

/// A connector that is compiled in, or one of the operator's own.
pub fn named(name: &str) -> Option<&'static Shipped> {
    all().get(name).or_else(|| own_named(name))
}

/// A connector of the operator's own.
pub fn own_named(name: &str) -> Option<&'static Shipped> {
    own_ones().iter().copied().find(|own| own.name == name)
}

static OWN: OnceLock<Vec<&'static Shipped>> = OnceLock::new();

fn own_ones() -> &'static [&'static Shipped] {
    OWN.get().map_or(&[], Vec::as_slice)
}

/// Takes the operator's own connectors in, once for the life of the process; says what is wrong with those that are left
/// out. One that is named like a connector of ours is left out, so that nobody's workflows change behind their back.
pub fn take_in(folder: &Path) -> Vec<String> {
    let (mut taken, mut faults) = (Vec::new(), Vec::new());
    for folder in folders(folder).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    }) {
        match of_folder(&folder) {
            Ok(connector) if all().contains_key(connector.manifest.connector.as_str()) => {
                let name = &connector.manifest.connector;
                faults
                    .push(format!("{}: there is a connector `{name}` already; choose another name", folder.display()));
            }
            Ok(connector) => {
                let name: &'static str = connector.manifest.connector.to_string().leak();
                let icon = icon_of(&folder).unwrap_or_else(|fault| {
                    faults.push(fault);
                    None
                });
                let shipped = Shipped { name, text: "", icon, read: OnceLock::from(Ok(connector)) };
                taken.push(&*Box::leak(Box::new(shipped)));
            }
            Err(fault) => faults.push(fault),
        }
    }
    if OWN.set(taken).is_err() {
        faults.push("connectors were taken in before".into());
    }
    faults
}

/// The icon of a connector's folder, kept for the life of the process; none where there is none.
///
/// # Errors
/// It cannot be read, is no SVG document, or is too large.
fn icon_of(folder: &Path) -> Result<Option<&'static str>, String> {
    let file = folder.join(ICON);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    let text = text.trim();
    match icon_fault(text) {
        None => Ok(Some(text.to_owned().leak())),
        Some(fault) => Err(format!("{}: {fault}", file.display())),
    }
}

/// What is wrong with an icon; what browsers make of the rest is theirs.
pub fn icon_fault(svg: &str) -> Option<String> {
    if svg.len() > ICON_LIMIT {
        return Some(format!("an icon has at most {ICON_LIMIT} bytes"));
    }
    (!svg.contains("<svg")).then(|| "an icon is an SVG document".into())
}

/// The operator's own connectors.
pub fn own() -> impl Iterator<Item = &'static Connector> {
    own_ones().iter().filter_map(|own| own.connector().ok())
}

/// The node types of a provider.
pub type Provided = (Provider, Vec<Arc<dyn NodeType>>);

/// The node types of all connectors that are compiled in, with where they come from. None is read yet.
pub fn types() -> &'static [Provided] {
    static TYPES: OnceLock<Vec<Provided>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let index: Vec<Indexed> = serde_json::from_str(INDEX).unwrap_or_else(|error| {
            tracing::error!(%error, "the index of connectors cannot be read");
            Vec::new()
        });
        index.into_iter().filter_map(|indexed| Some(provided(named(&indexed.name)?, indexed))).collect()
    })
}

fn provided(shipped: &'static Shipped, indexed: Indexed) -> Provided {
    let provider = Provider { name: format!("connector:{}", indexed.name), digest: indexed.digest };
    let slots = node::slots_of(indexed.kinds);
    let lazy = |of| -> Arc<dyn NodeType> { Arc::new(LazyType::new(shipped, of, slots)) };
    (provider, indexed.types.into_iter().map(lazy).collect())
}

/// The connectors that are compiled in, read, in the order of their names. One whose manifest is wrong, which its tests
/// would have said, is left out.
pub fn shipped() -> impl Iterator<Item = &'static Connector> {
    SHIPPED.iter().filter_map(|(name, ..)| named(name)?.connector().ok())
}

/// All connectors that are known, those of the operator last.
pub fn known() -> impl Iterator<Item = &'static Connector> {
    shipped().chain(own())
}

/// The index of connectors.
pub fn index<'a>(connectors: impl Iterator<Item = &'a Connector>) -> Vec<Indexed> {
    connectors
        .map(|connector| Indexed {
            name: connector.manifest.connector.to_string(),
            digest: connector.provider.digest.clone(),
            kinds: node::kinds(&connector.manifest),
            types: connector.types.iter().map(|kind| IndexedType::of(&**kind)).collect(),
        })
        .collect()
}

/// The connector of a folder.
///
/// # Errors
/// There is no manifest, or it is wrong; says all that is.
pub fn of_folder(folder: &Path) -> Result<Connector, String> {
    let file = folder.join(MANIFEST);
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
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.join(MANIFEST).is_file()).collect();
    folders.sort();
    Ok(folders)
}

fn read(name: &str, text: &[u8], yaml: bool) -> Result<Connector, String> {
    let said = |faults: &[Fault]| format!("{name}:\n  {}", written::joined(faults));
    let manifest: Manifest = if yaml {
        written::read(MANIFEST, text).map_err(|faults| said(&faults))?
    } else {
        serde_json::from_slice(text).map_err(|error| format!("{name}: {error}"))?
    };
    let manifest = Arc::new(manifest);
    let types = node::types(&manifest).map_err(|faults| {
        let lines = Lines::of(MANIFEST, text);
        said(&faults.into_iter().map(|(at, fault)| lines.fault(at, fault)).collect::<Vec<_>>())
    })?;
    Ok(made(manifest, types, text))
}

/// A connector of what was read.
pub(crate) fn made(manifest: Arc<Manifest>, types: Vec<Arc<dyn NodeType>>, text: &[u8]) -> Connector {
    let provider = Provider { name: format!("connector:{}", manifest.connector), digest: digest(text) };
    Connector { provider, manifest, types }
}

fn digest(text: &[u8]) -> String {
    store::digest(text).to_string().chars().take(16).collect()
}
