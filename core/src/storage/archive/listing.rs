//! The names of an archive, as far as they can be trusted, and the findings about the rest.

use crate::error::{Error, Location, Result};
use crate::event::{Finding, Severity};
use crate::storage::check_path;
use crate::storage::tree::Tree;

use super::opened::Place;

/// More findings than this are counted, not kept.
const MOST_FINDINGS: usize = 1000;

/// What is known of an archive while it is read.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) tree: Tree<Place>,
    findings: Vec<Finding>,
    left_out: usize,
    names: usize,
    most_names: usize,
}

impl Listing {
    pub(super) fn new(most_names: usize) -> Self {
        let tree = Tree::new(most_names);
        Self { tree, findings: Vec::new(), left_out: 0, names: 0, most_names }
    }

    /// Number of entries met.
    pub(super) fn names(&self) -> usize {
        self.names
    }

    /// The name of an entry at `offset` as a path of the storage. `None` when it is left out, with
    /// a finding if it is hostile.
    ///
    /// # Errors
    /// The archive has too many entries.
    pub(super) fn admit(&mut self, raw: &[u8], offset: u64) -> Result<Option<String>> {
        self.names += 1;
        if self.names > self.most_names {
            return Err(Error::refused(format!(
                "the archive has more than {} entries: it is no data directory",
                self.most_names
            )));
        }
        match clean_name(raw) {
            Ok(name) if is_apple_double(&name) => Ok(None),
            Ok(name) => Ok(Some(name)),
            Err(why) => {
                let shown: String = String::from_utf8_lossy(raw).chars().take(200).collect();
                self.left_out(&format!("{shown:?}"), offset, why);
                Ok(None)
            }
        }
    }

    /// Adds a directory; a refused one is left out with a finding.
    pub(super) fn directory(&mut self, path: &str, offset: u64) {
        if let Err(error) = self.tree.insert_directory(path) {
            self.left_out(path, offset, &error.to_string());
        }
    }

    /// Adds a file; a refused one is left out with a finding. True when it replaced one.
    pub(super) fn file(&mut self, path: &str, place: Place, offset: u64) -> bool {
        match self.tree.insert_file(path, place) {
            Ok(replaced) => replaced,
            Err(error) => {
                self.left_out(path, offset, &error.to_string());
                false
            }
        }
    }

    /// Tells that the entry `path` at `offset` of the archive is left out.
    pub(super) fn left_out(&mut self, path: &str, offset: u64, why: &str) {
        let what = format!("left out of the archive: {why}");
        self.add(Severity::Warning, path, offset, what, "");
    }

    /// Tells of damage at `offset` of the archive.
    pub(super) fn damage(&mut self, path: &str, offset: u64, what: impl Into<String>) {
        let help = "what was read before it stays readable; pack or download the archive again";
        self.add(Severity::Damage, path, offset, what.into(), help);
    }

    /// Tells of something that is unusual at `offset` of the archive.
    pub(super) fn note(&mut self, path: &str, offset: u64, what: impl Into<String>) {
        self.add(Severity::Note, path, offset, what.into(), "");
    }

    fn add(&mut self, severity: Severity, path: &str, offset: u64, what: String, help: &str) {
        if self.findings.len() >= MOST_FINDINGS {
            self.left_out += 1;
            return;
        }
        let at = Location { path: path.to_owned(), offset: Some(offset), field: "".into() };
        self.findings.push(Finding::new(severity, at, what).help(help));
    }

    /// The names and what there is to tell.
    pub(super) fn finish(mut self) -> (Tree<Place>, Vec<Finding>) {
        if self.left_out > 0 {
            let what = format!("{} more findings about the archive", self.left_out);
            self.findings.push(Finding::in_path(Severity::Warning, "", what));
        }
        (self.tree, self.findings)
    }
}

/// A name as archives write it, as a path of the storage: without `./` in front and `/` behind.
/// Empty for the root itself.
fn clean_name(raw: &[u8]) -> std::result::Result<String, &'static str> {
    let name = std::str::from_utf8(raw).map_err(|_| "its name is not UTF-8")?;
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest;
    }
    let name = name.strip_suffix('/').unwrap_or(name);
    if name == "." {
        return Ok(String::new());
    }
    if check_path(name).is_err() {
        return Err("its name is not a plain relative path");
    }
    Ok(name.to_owned())
}

/// What macOS adds to archives: resource forks beside every file.
fn is_apple_double(path: &str) -> bool {
    path.split('/').any(|part| part == "__MACOSX" || part.starts_with("._"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_or_refused() {
        for (raw, clean) in
            [("./wal/", "wal"), ("././a/b", "a/b"), (".", ""), ("./", ""), ("a", "a")]
        {
            assert_eq!(clean_name(raw.as_bytes()).unwrap(), clean, "{raw}");
        }
        for raw in ["/etc/passwd", "../x", "a/../b", "a//b", "a\\b", "C:\\x", "a\0b", "a/./b"] {
            assert!(clean_name(raw.as_bytes()).is_err(), "{raw:?}");
        }
        assert!(clean_name(b"\xff").is_err());
    }

    #[test]
    fn a_flood_of_hostile_names_is_counted_not_kept() {
        let mut listing = Listing::new(5000);
        for offset in 0..3000 {
            assert_eq!(listing.admit(b"../x", offset).unwrap(), None);
        }
        assert_eq!(listing.admit(b"__MACOSX/wal/._00000000", 0).unwrap(), None);
        let (_, findings) = listing.finish();
        assert_eq!(findings.len(), MOST_FINDINGS + 1);
        assert!(findings[MOST_FINDINGS].what.starts_with("2000 more"));
        let mut small = Listing::new(1);
        small.admit(b"a", 0).unwrap();
        assert!(small.admit(b"b", 0).is_err());
    }
}
