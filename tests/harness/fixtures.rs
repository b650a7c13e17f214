//! Data directories written by real Prometheus, with what it found in them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chunkscope::storage::{Mmap, Storage};
use serde_json::Value;

pub use crate::compare::difference;

/// A data directory and its expectations.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// `wide`, or `corrupt/wal-flip-data`.
    pub name: String,
    path: PathBuf,
}

/// The full set beside the checkout where it is, else the subset in the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let full = here.join("../../shared/fixtures");
    if full.is_dir() { full } else { here.join("fixtures") }
}

/// How many of something a test must have met: `full` with the full set, `subset` with the one in
/// the repository.
#[must_use]
pub fn at_least(full: usize, subset: usize) -> usize {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    if root() == here { subset } else { full }
}

/// The undamaged data directories.
#[must_use]
pub fn healthy() -> Vec<Fixture> {
    below("", |path| path.join("expected/about.json").is_file())
}

/// The small damaged ones, and the undamaged bases they were made from.
#[must_use]
pub fn damaged() -> Vec<Fixture> {
    below("corrupt/", |path| path.join("expected/outcome.json").is_file())
}

/// The fixture `name`.
///
/// # Panics
/// There is none of that name.
#[must_use]
pub fn named(name: &str) -> Fixture {
    let path = root().join(name);
    assert!(path.is_dir(), "no fixture {name} in {}", root().display());
    Fixture { name: name.to_owned(), path }
}

fn below(folder: &str, accept: impl Fn(&Path) -> bool) -> Vec<Fixture> {
    let mut found: Vec<Fixture> = fs::read_dir(root().join(folder))
        .expect("the fixtures are in the repository")
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = format!("{folder}{}", entry.file_name().into_string().ok()?);
            accept(&entry.path()).then(|| Fixture { name, path: entry.path() })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty(), "no fixtures in {}", root().display());
    found
}

impl Fixture {
    /// The data directory. Reading commands never change it, so no copy is needed.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// The data directory as a storage.
    ///
    /// # Panics
    /// The directory is missing.
    #[must_use]
    pub fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(Mmap::open_directory(self.data()).expect("a fixture has a data directory"))
    }

    /// The text of `expected/NAME`, unpacked; `None` when the fixture has no such file.
    #[must_use]
    pub fn expected(&self, name: &str) -> Option<String> {
        let path = self.path.join("expected").join(name);
        if let Ok(text) = fs::read_to_string(&path) {
            return Some(text);
        }
        let packed = fs::read(path.with_file_name(format!("{name}.gz"))).ok()?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_string(&mut text)
            .expect("an expectation unpacks");
        Some(text)
    }

    /// `expected/NAME` as JSON.
    ///
    /// # Panics
    /// The file is not JSON.
    #[must_use]
    pub fn json(&self, name: &str) -> Option<Value> {
        let text = self.expected(name)?;
        Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}/{name}: {e}", self.name)))
    }

    /// `expected/NAME` as one JSON value per line.
    ///
    /// # Panics
    /// A line is not JSON.
    #[must_use]
    pub fn json_lines(&self, name: &str) -> Option<Vec<Value>> {
        let parse = |line| serde_json::from_str(line).expect("a line of an expectation is JSON");
        Some(self.expected(name)?.lines().filter(|line| !line.is_empty()).map(parse).collect())
    }

    /// A setting the expectations were made with, from `about.json`.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Value> {
        self.json("about.json")?.get("open_with")?.get(name).cloned()
    }
}
