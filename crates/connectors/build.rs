//! Puts the catalogue of connectors into the crate: each manifest as compact JSON, which is read several times as fast
//! as the YAML that people write, and each icon.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder"));
    let catalog = root.join("../../catalog/connectors");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder for what is made"));
    println!("cargo:rerun-if-changed={}", catalog.display());
    let mut names: Vec<String> = fs::read_dir(&catalog)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| catalog.join(name).join("connector.yaml").is_file())
        .collect();
    names.sort();
    let mut table = String::from(
        "/// Name, manifest and icon of each connector that is shipped.\nstatic SHIPPED: &[(&str, &str, Option<&str>)] = &[\n",
    );
    for name in names {
        let file = catalog.join(&name).join("connector.yaml");
        println!("cargo:rerun-if-changed={}", file.display());
        let text = fs::read(&file).expect("a manifest can be read");
        let value: serde_json::Value =
            serde_yaml_ng::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        fs::write(out.join(format!("{name}.json")), value.to_string()).expect("the folder can be written");
        let made = |kind: &str| format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.{kind}\"))");
        // One that is being written may have none yet; its tests say so.
        let icon = fs::read_to_string(catalog.join(&name).join("icon.svg")).ok().map_or("None".to_owned(), |icon| {
            fs::write(out.join(format!("{name}.svg")), icon.trim()).expect("the folder can be written");
            format!("Some({})", made("svg"))
        });
        writeln!(table, "    ({name:?}, {}, {icon}),", made("json")).expect("a text takes what is written");
    }
    table.push_str("];\n");
    fs::write(out.join("catalog.rs"), table).expect("the folder can be written");
}
