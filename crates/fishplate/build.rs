//! The web app is embedded when it was built: a rebuilt one is a reason to compile anew. Nothing is built from here.

fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist/index.html");
    println!("cargo:rerun-if-changed=build.rs");
}
