//! Documents of GraphQL, and what is sent for their variables; against the vendor's schema where it lies in the folder.

use std::path::Path;

use super::Notes;
use crate::drift::{self, Level};
use crate::manifest::Manifest;
use crate::written::Place;

pub(super) fn faults(manifest: &Manifest, folder: &Path, notes: &mut Notes<'_>) {
    let file = manifest.graphql_schema.as_ref().and_then(|schema| schema.file.as_ref());
    let drift = match file.map(|file| std::fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"))) {
        None => Ok(drift::without_schema(manifest)),
        Some(Ok(schema)) => drift::against_schema(manifest, &[], &schema).map_err(|problem| problem.detail),
        Some(Err(fault)) => Err(fault),
    };
    match drift {
        Err(fault) => notes.at(Place::at(["graphqlSchema"]), fault),
        Ok(drift) => {
            for finding in drift.findings.into_iter().filter(|finding| finding.level == Level::Breaks) {
                let at = finding.operation.map_or_else(Place::default, |name| Place::at(["operations", &name]));
                notes.at(at, finding.detail);
            }
        }
    }
}
