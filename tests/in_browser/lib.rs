//! The fixtures, packed into the test program.

/// Path below the fixtures' root and bytes of every file; empty natively.
pub static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/fixtures.in"));

/// The names of the healthy fixtures.
#[must_use]
pub fn healthy() -> Vec<&'static str> {
    let about = |path: &'static str| path.strip_suffix("/expected/about.json");
    FILES.iter().filter_map(|(path, _)| about(path)).collect()
}

/// The data files of fixture `name`, by path below its data directory. Empty directories are marked
/// by a `.keep`, as in the fixtures.
pub fn data(name: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let prefix = format!("{name}/data/");
    FILES.iter().filter_map(move |(path, bytes)| Some((path.strip_prefix(&prefix)?, *bytes)))
}

/// The text of `expected/FILE` of fixture `name`.
#[must_use]
pub fn expected(name: &str, file: &str) -> Option<String> {
    let path = format!("{name}/expected/{file}");
    let (_, bytes) = FILES.iter().find(|(own, _)| *own == path)?;
    String::from_utf8(bytes.to_vec()).ok()
}
