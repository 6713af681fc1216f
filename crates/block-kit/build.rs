//! Rebuilds the crate when a template is added or removed: the embedding alone notices changed files only.

fn main() {
    println!("cargo::rerun-if-changed=../../blocks");
}
