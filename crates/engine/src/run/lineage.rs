//! Where items came from, as n8n writes it at an item: `pairedItem`. A script is told only when it names that field.
//! Items of its input are there by their own position; those of other nodes by that of the item that they came from.

use part::NodeError;
use part::origins::{Origin, Source};
use sandbox::Json;
use serde::Serialize;

use super::data::PortData;
use super::host::StepRun;
use crate::event::StepNumber;

/// n8n's `pairedItem` of an item; absent where the node did not say.
#[derive(Serialize)]
#[serde(untagged)]
enum PairedItem {
    One(Place),
    Many(Vec<Place>),
}

#[derive(Serialize)]
struct Place {
    item: u32,
    #[serde(skip_serializing_if = "is_first")]
    input: u16,
}

fn is_first(input: &u16) -> bool {
    *input == 0
}

impl From<Source> for Place {
    fn from(source: Source) -> Self {
        Place { item: source.item, input: source.input }
    }
}

/// Whether a script names the field.
pub(super) fn is_read_by(source: &str) -> bool {
    source.contains("pairedItem")
}

fn of_port(port: &PortData) -> impl Iterator<Item = Option<PairedItem>> {
    let origins = port.origins();
    (0..port.items.len()).map(move |item| match origins.get(item)? {
        Origin::None | Origin::Unknown => None,
        Origin::One(source) => Some(PairedItem::One(source.into())),
        Origin::Many(sources) => Some(PairedItem::Many(sources.into_iter().map(Place::from).collect())),
    })
}

impl StepRun {
    /// That of everything that a step put out, by port.
    pub(super) async fn lineage_of_step(&self, step: StepNumber) -> Result<Json, NodeError> {
        let found = self.shared.look_up(|data| Ok(data.find(step)?.cloned())).await?;
        let ports: Vec<Vec<_>> =
            found.iter().flat_map(|step| &step.outputs).map(|port| of_port(port).collect()).collect();
        Json::of(&ports).map_err(|error| NodeError::bug(format!("lineage cannot be written as JSON: {error}")))
    }
}
