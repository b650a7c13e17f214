//! Tells the browser tests where the fixtures are: they are packed into the test program, as the
//! golden scripts are.

use std::path::PathBuf;

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let full = here.join("../../shared/fixtures");
    let root = if full.is_dir() { full } else { here.join("fixtures") };
    let root = root.canonicalize().expect("the fixtures are in the repository");
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed={}", here.join("scripts").display());
    println!("cargo::rustc-env=CHUNKSCOPE_FIXTURES={}", root.display());
}
