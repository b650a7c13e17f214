//! What a simulated disk keeps, and what it loses.

use std::collections::BTreeSet;

use chunkscope::error::{Error, FailureKind, Result};
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk, UnsyncedBytes, UnsyncedNames};
use chunkscope::storage::{EntryKind, Storage, Subdirectory, join};

use crate::contract;

#[test]
fn a_simulated_disk_keeps_the_contract() {
    contract::check_writing(&SimulatedDisk::default());
    let disk = SimulatedDisk::default();
    disk.create_directory("below").unwrap();
    contract::check_writing(&Subdirectory::new(std::sync::Arc::new(disk), "below").unwrap());
}

/// All files with what is in them, as text.
fn files(storage: &dyn Storage) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(directory) = waiting.pop() {
        for entry in storage.list(&directory).unwrap() {
            let path = join(&directory, &entry.name);
            match entry.kind {
                EntryKind::Directory => waiting.push(path),
                EntryKind::File => {
                    let file = storage.open(&path).unwrap();
                    let bytes = file.view(0..file.len()).unwrap().into_owned();
                    found.push((path, String::from_utf8(bytes).unwrap()));
                }
            }
        }
    }
    found.sort();
    found
}

fn file(path: &str, bytes: &str) -> (String, String) {
    (path.to_owned(), bytes.to_owned())
}

fn write(storage: &dyn Storage, path: &str, bytes: &str) -> Result<()> {
    let mut file = storage.create(path)?;
    file.append(bytes.as_bytes())?;
    file.sync()?;
    file.close()
}

#[test]
fn a_process_that_ends_loses_nothing_but_its_locks() {
    let disk = SimulatedDisk::default();
    let lock = disk.lock("lock").unwrap();
    let mut log = disk.create("log").unwrap();
    log.append(b"written, not synced").unwrap();
    let next = disk.end_process();
    log.append(b", and more from the dead").unwrap();
    assert_eq!(files(&next), [file("lock", ""), file("log", "written, not synced")]);
    assert!(next.lock("lock").unwrap().was_left_behind());
    drop(lock);
}

#[test]
fn a_power_loss_spares_what_was_synced() {
    let disk = SimulatedDisk::default();
    let mut log = disk.create("wal/0").unwrap();
    log.append(b"durable").unwrap();
    log.sync().unwrap();
    assert_eq!(files(&disk.lose_power(&PowerLoss::WORST)), [], "no name leads to the bytes");
    disk.sync_directory("wal").unwrap();
    assert_eq!(files(&disk.lose_power(&PowerLoss::WORST)), [], "nor to the directory");
    disk.sync_directory("").unwrap();
    log.append(b" lost").unwrap();
    let found = disk.lose_power(&PowerLoss::WORST);
    assert_eq!(files(&found), [file("wal/0", "durable")]);
    assert_eq!(files(&found.lose_power(&PowerLoss::WORST)), files(&found), "it is durable now");
    let spared =
        PowerLoss { seed: 0, bytes: UnsyncedBytes::Survive, names: UnsyncedNames::Survive };
    assert_eq!(files(&disk.lose_power(&spared)), files(&disk));
}

#[test]
fn unsynced_bytes_survive_up_to_anywhere() {
    let disk = SimulatedDisk::default();
    let mut log = disk.create("log").unwrap();
    log.append(b"12").unwrap();
    log.sync().unwrap();
    log.append(b"345").unwrap();
    let after = |bytes: UnsyncedBytes| -> BTreeSet<String> {
        let loss = |seed| PowerLoss { seed, bytes, names: UnsyncedNames::Survive };
        (0..100).map(|seed| files(&disk.lose_power(&loss(seed)))[0].1.clone()).collect()
    };
    let set = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    assert_eq!(after(UnsyncedBytes::RandomPrefix), set(&["12", "123", "1234", "12345"]));
    let zeros = ["12\0", "12\0\0", "12\0\0\0", "123\0", "123\0\0", "1234\0"];
    let all = [&["12", "123", "1234", "12345"], zeros.as_slice()].concat();
    assert_eq!(after(UnsyncedBytes::ZeroFilled), set(&all));
}

/// Every set of files that some seed leaves.
fn outcomes(disk: &SimulatedDisk, names: UnsyncedNames) -> BTreeSet<Vec<(String, String)>> {
    let loss = |seed| PowerLoss { seed, bytes: UnsyncedBytes::Survive, names };
    (0..200).map(|seed| files(&disk.lose_power(&loss(seed)))).collect()
}

#[test]
fn names_are_lost_in_every_allowed_order_and_in_no_other() {
    let disk = SimulatedDisk::default();
    write(&disk, "old", "old").unwrap();
    disk.sync_directory("").unwrap();
    write(&disk, "new.tmp", "new").unwrap();
    disk.rename("new.tmp", "new").unwrap();
    disk.remove("old").unwrap();
    let (old, tmp, new) = (file("old", "old"), file("new.tmp", "new"), file("new", "new"));
    let ordered = [
        vec![old.clone()],
        vec![tmp.clone(), old.clone()],
        vec![new.clone(), old.clone()],
        vec![new.clone()],
    ];
    assert_eq!(outcomes(&disk, UnsyncedNames::RandomPrefix), BTreeSet::from(ordered.clone()));
    let unordered = ordered.into_iter().chain([vec![], vec![tmp]]);
    assert_eq!(outcomes(&disk, UnsyncedNames::RandomSubset), unordered.collect());
}

#[test]
fn a_rename_is_one_step_even_between_directories() {
    let disk = SimulatedDisk::default();
    write(&disk, "a/file", "x").unwrap();
    disk.create_directory("b").unwrap();
    for directory in ["", "a", "b"] {
        disk.sync_directory(directory).unwrap();
    }
    disk.rename("a/file", "b/file").unwrap();
    let (before, after) = (vec![file("a/file", "x")], vec![file("b/file", "x")]);
    let both = BTreeSet::from([before, after.clone()]);
    assert_eq!(outcomes(&disk, UnsyncedNames::RandomPrefix), both);
    assert_eq!(outcomes(&disk, UnsyncedNames::RandomSubset), both);
    disk.sync_directory("b").unwrap();
    assert_eq!(files(&disk.lose_power(&PowerLoss::WORST)), after, "durable in both");
}

#[test]
fn the_same_loss_does_the_same() {
    let disk = SimulatedDisk::default();
    for number in 0..20 {
        write(&disk, &format!("d{}/{number}", number % 3), "some bytes").unwrap();
    }
    for loss in PowerLoss::all(7) {
        assert_eq!(files(&disk.lose_power(&loss)), files(&disk.lose_power(&loss)), "{loss:?}");
    }
    assert_eq!(PowerLoss::all(7).count(), 16);
}

/// Publishes a directory as blocks are published, then forgets an older one.
fn publish(storage: &dyn Storage) -> Result<()> {
    write(storage, "block.tmp/index", "index")?;
    write(storage, "block.tmp/meta", "meta")?;
    storage.sync_directory("block.tmp")?;
    storage.rename("block.tmp", "block")?;
    storage.sync_directory("")?;
    storage.remove("older")
}

#[test]
fn a_life_can_be_stopped_at_every_operation() {
    let start = || {
        let disk = SimulatedDisk::default();
        write(&disk, "older/index", "older").unwrap();
        disk.sync_directory("older").unwrap();
        disk.sync_directory("").unwrap();
        disk.end_process()
    };
    let whole = start();
    publish(&whole).unwrap();
    let said: Vec<String> = whole.operations().iter().map(ToString::to_string).collect();
    let expected = [
        "create block.tmp/",
        "create block.tmp/index",
        "append block.tmp/index @ 0x0 +5",
        "sync block.tmp/index",
        "create block.tmp/meta",
        "append block.tmp/meta @ 0x0 +4",
        "sync block.tmp/meta",
        "sync block.tmp/",
        "rename block.tmp -> block",
        "sync /",
        "remove older/index",
        "remove older",
    ];
    assert_eq!(said, expected);

    let block = [file("block/index", "index"), file("block/meta", "meta")];
    for operations in 0..=said.len() {
        let disk = start();
        disk.freeze_after(operations);
        let ended = publish(&disk);
        assert_eq!(ended.is_ok(), operations == said.len(), "{operations}: {ended:?}");
        assert_eq!(disk.operations().len(), operations);
        for loss in PowerLoss::all(operations as u64) {
            let found = files(&disk.lose_power(&loss));
            let named: Vec<_> =
                found.iter().filter(|(path, _)| path.starts_with("block/")).cloned().collect();
            assert!(named.is_empty() || named == block, "{operations} {loss:?}: {found:?}");
            let kept = named == block || found.contains(&file("older/index", "older"));
            assert!(kept, "{operations} {loss:?}: {found:?}");
        }
        assert!(!disk.end_process().list("").unwrap().is_empty());
        if operations < said.len() {
            assert!(disk.list("").is_err() && disk.open("older/index").is_err(), "it has stopped");
        }
    }
}

#[test]
fn the_last_append_can_be_torn() {
    let disk = SimulatedDisk::default();
    disk.tear_after(2);
    let mut log = disk.create("log").unwrap();
    log.append(b"whole").unwrap();
    log.append(b"halves").unwrap_err();
    log.append(b"nothing").unwrap_err();
    assert_eq!(files(&disk.end_process()), [file("log", "wholehal")]);
    assert_eq!(log.len(), 5);
}

#[test]
fn a_full_disk_refuses_an_append_as_a_whole() {
    let disk = SimulatedDisk::default();
    disk.leave_space(Some(8));
    let mut log = disk.create("log").unwrap();
    log.append(b"12345").unwrap();
    let Error::Storage(failure) = log.append(b"6789").unwrap_err() else { panic!() };
    assert_eq!(failure.kind, FailureKind::NoSpace);
    log.append(b"678").unwrap();
    disk.leave_space(None);
    log.append(b"9").unwrap();
    assert_eq!(files(&disk), [file("log", "123456789")]);
}

#[test]
fn what_a_failed_sync_did_not_write_is_never_durable() {
    let disk = SimulatedDisk::default();
    let mut log = disk.create("log").unwrap();
    disk.sync_directory("").unwrap();
    disk.fail_sync(1);
    log.append(b"good").unwrap();
    log.sync().unwrap();
    log.append(b" lost").unwrap();
    log.sync().unwrap_err();
    log.append(b" too").unwrap();
    log.sync().unwrap();
    assert_eq!(files(&disk), [file("log", "good lost too")]);
    assert_eq!(files(&disk.lose_power(&PowerLoss::WORST)), [file("log", "good")]);
}
