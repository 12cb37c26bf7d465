//! Where items came from, as n8n writes it at an item: `pairedItem`. A script is told only when it names that field.

use std::ops::Range;

use part::NodeError;
use part::origins::{Origin, Source};
use sandbox::Json;
use serde::Serialize;

use super::data::PortData;
use super::host::StepRun;
use crate::event::{Feed, StepNumber};

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
    /// That of items of the first input.
    pub(super) async fn lineage_of_input(&self, range: Range<usize>) -> Result<Json, NodeError> {
        let mut all = Vec::new();
        for feed in self.inputs.get(0).into_iter().flatten() {
            if *feed == Feed::EMPTY_ITEM {
                all.push(None);
                continue;
            }
            let found = self.shared.look_up(|data| Ok(data.find(feed.step)?.cloned())).await?;
            all.extend(found.iter().filter_map(|step| step.outputs.get(feed.output as usize)).flat_map(of_port));
        }
        let part = all.get(range.start..range.end.min(all.len())).unwrap_or_default();
        Json::of(part).map_err(|error| NodeError::bug(format!("lineage cannot be written as JSON: {error}")))
    }

    /// That of everything that a step put out, by port.
    pub(super) async fn lineage_of_step(&self, step: StepNumber) -> Result<Json, NodeError> {
        let found = self.shared.look_up(|data| Ok(data.find(step)?.cloned())).await?;
        let ports: Vec<Vec<_>> =
            found.iter().flat_map(|step| &step.outputs).map(|port| of_port(port).collect()).collect();
        Json::of(&ports).map_err(|error| NodeError::bug(format!("lineage cannot be written as JSON: {error}")))
    }
}
