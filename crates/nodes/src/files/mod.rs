//! Node types that turn items into files and files into items.
//!
//! The formats themselves are in the crate `formats`; here is what n8n's nodes make of them. Files go through the step's
//! streams: what the format allows to be read or written part by part is never held whole.

mod compression;
mod convert;
mod convert_event;
mod disk;
mod extract;
mod feed;
mod file;
#[cfg(test)]
mod hostile;
mod html;
mod image;
mod move_binary;
mod rows;
mod spreadsheet;
mod xml;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(compression::Compression),
        Arc::new(convert::Convert),
        Arc::new(disk::Disk),
        Arc::new(extract::Extract),
        Arc::new(feed::FeedRead),
        Arc::new(html::Html),
        Arc::new(image::EditImage),
        Arc::new(move_binary::MoveBinary),
        Arc::new(spreadsheet::Spreadsheet),
        Arc::new(xml::Xml),
    ]
}
