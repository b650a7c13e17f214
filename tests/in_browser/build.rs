//! Packs the fixtures into the test program: a browser test has no file system to read them from.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let full = here.join("../../../shared/fixtures");
    let root = if full.is_dir() { full } else { here.join("../fixtures") };
    println!("cargo::rerun-if-changed={}", root.display());
    let mut table = String::from("&[\n");
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        let mut files = Vec::new();
        walk(&root, &mut files);
        files.sort();
        for (index, path) in files.iter().enumerate() {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            let (name, path) = match name.strip_suffix(".gz") {
                Some(plain) => (plain.to_owned(), unpack(path, &out, index)),
                None => (name, path.clone()),
            };
            let path = fs::canonicalize(path).expect("the file is there");
            writeln!(table, "({name:?}, include_bytes!({path:?})),").expect("a string takes text");
        }
    }
    table.push_str("]\n");
    fs::write(out.join("fixtures.in"), table).expect("OUT_DIR is writable");
}

/// Data and expectations; not the notes, and not the bit-level chunk listings, which are large and
/// tested natively.
fn walk(directory: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            walk(&path, into);
        } else if name != "README.md" && !name.starts_with("chunks.jsonl") {
            into.push(path);
        }
    }
}

fn unpack(path: &Path, out: &Path, index: usize) -> PathBuf {
    let packed = fs::read(path).expect("a readable file");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("gzip");
    let target = out.join(format!("unpacked-{index}"));
    fs::write(&target, bytes).expect("OUT_DIR is writable");
    target
}
