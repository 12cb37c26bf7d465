//! Resources in and out of files: YAML, JSON, ZIP, TAR and n8n's own form.

pub mod archive;
pub mod files;
pub mod n8n;
