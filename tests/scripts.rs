//! The golden scripts of `scripts/`, on a simulated disk and on files of the machine.
//!
//! `UPDATE_SCRIPTS=1` writes the answers of the run in memory into the scripts; whoever does that
//! reads the difference. `SCRIPT=wal/` runs only scripts whose path contains that.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chunkscope::storage::Mmap;
use chunkscope::storage::crash::SimulatedDisk;
use chunkscope_tests::script::{Script, World, first_difference};

/// All scripts, by path, with the path below `scripts/`.
fn scripts() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let only = std::env::var("SCRIPT").unwrap_or_default();
    let mut found = Vec::new();
    for area in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(&area).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            if name.contains(&only) {
                found.push((name, file));
            }
        }
    }
    found.sort();
    found
}

/// Runs all scripts, each in a world that `make` gives; a script that it has none for is left out.
fn check(storage_name: &str, make: impl Fn(&Script) -> Option<(World, Option<tempfile::TempDir>)>) {
    let update = std::env::var_os("UPDATE_SCRIPTS").is_some() && storage_name == "memory";
    let mut problems = Vec::new();
    for (name, path) in scripts() {
        let text = fs::read_to_string(&path).unwrap();
        let script = Script::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        let Some((mut world, _directory)) = make(&script) else { continue };
        match world.play(&script) {
            Err(why) => problems.push(format!("{name}: {why}")),
            Ok(played) if update => fs::write(&path, played.write()).unwrap(),
            Ok(played) => {
                let difference = first_difference(&text, &played.write());
                problems.extend(difference.map(|difference| format!("{name}: {difference}")));
            }
        }
    }
    assert!(problems.is_empty(), "on {storage_name}:\n{}", problems.join("\n"));
}

#[test]
fn scripts_in_memory() {
    assert!(std::env::var_os("SCRIPT").is_some() || scripts().len() >= 5, "the scripts are gone");
    check("memory", |_| Some((World::on_disk(SimulatedDisk::default()), None)));
}

#[test]
fn scripts_on_the_file_system() {
    // In an update the other test writes the scripts, perhaps at the same time.
    if std::env::var_os("UPDATE_SCRIPTS").is_none() {
        check("mmap", |script| {
            if script.needs_simulated_disk() {
                return None;
            }
            let directory = tempfile::tempdir().unwrap();
            let storage = Mmap::open_directory(directory.path()).unwrap();
            Some((World::new(Arc::new(storage)), Some(directory)))
        });
    }
}

#[test]
fn every_script_begins_with_prose() {
    if std::env::var_os("UPDATE_SCRIPTS").is_some() {
        return; // the scripts are being written
    }
    for (name, path) in scripts() {
        let text = fs::read_to_string(path).unwrap();
        let prose = text.lines().take_while(|line| line.starts_with('#')).count();
        assert!(prose >= 2, "{name} does not say what it teaches");
    }
}
