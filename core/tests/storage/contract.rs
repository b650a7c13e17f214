//! The contract of `storage/mod.rs`, as checks that any backend can be put through.

use chunkscope::error::{Error, FailureKind};
use chunkscope::storage::{EntryKind, Storage};

/// The files a backend must hold for [`check_reading`]: empty and tiny ones, one larger than any
/// page or buffer of a backend, names that sort differently by byte than by path.
pub(crate) fn tree() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("a/x", b"inside a".to_vec()),
        ("a-b", b"beside a".to_vec()),
        ("B", b"capitals first".to_vec()),
        ("names/\u{fc}n\u{ef}c\u{f6}de and spaces", b"utf-8".to_vec()),
        ("names/.hidden", b"dot".to_vec()),
        ("wal/00000000", pattern(100_000, 1)),
        ("wal/00000001", pattern(32 * 1024, 2)),
        ("wal/checkpoint.00000000/00000000", pattern(777, 3)),
        ("deep/er/and/deeper/still", b"down here".to_vec()),
        ("big", pattern((5 << 20) + 4321, 4)),
    ]
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Rules 1 to 3: a storage that holds [`tree`] lists and reads it.
pub(crate) fn check_reading(storage: &dyn Storage) {
    check_lists(storage);
    for (path, bytes) in tree() {
        check_file(storage, path, &bytes);
    }
    for path in ["missing", "wal/missing", "missing/00000000", "wal/00000000/x"] {
        let error = storage.open(path).unwrap_err();
        assert!(error.is_not_found(), "open {path}: {error}");
        let error = storage.list(path).unwrap_err();
        assert!(error.is_not_found(), "list {path}: {error}");
    }
    for directory in ["", "wal", "wal/checkpoint.00000000"] {
        assert!(storage.open(directory).is_err(), "{directory:?} is a directory, not a file");
    }
    assert!(storage.list("wal/00000000").unwrap_err().is_not_found(), "a file has no entries");
    for path in HOSTILE {
        assert!(storage.open(path).is_err(), "open {path:?}");
        assert!(storage.list(path).is_err(), "list {path:?}");
    }
    assert!(!storage.name().is_empty());
}

const HOSTILE: [&str; 9] = [
    "/wal/00000000",
    "wal/",
    "wal//00000000",
    "./wal",
    "wal/../wal/00000000",
    "../x",
    "..",
    "wal\\00000000",
    "wal/00000000\0",
];

fn check_lists(storage: &dyn Storage) {
    let list = |path: &str| -> Vec<(String, EntryKind, u64)> {
        let entries = storage.list(path).unwrap_or_else(|error| panic!("list {path:?}: {error}"));
        entries.into_iter().map(|entry| (entry.name, entry.kind, entry.len)).collect()
    };
    let file = |name: &str, len: u64| (name.to_owned(), EntryKind::File, len);
    let directory = |name: &str| (name.to_owned(), EntryKind::Directory, 0);
    assert_eq!(
        list(""),
        [
            file("B", 14),
            directory("a"),
            file("a-b", 8),
            file("big", (5 << 20) + 4321),
            directory("deep"),
            file("empty", 0),
            directory("names"),
            directory("wal"),
        ]
    );
    assert_eq!(
        list("wal"),
        [file("00000000", 100_000), file("00000001", 32 * 1024), directory("checkpoint.00000000")]
    );
    assert_eq!(
        list("names"),
        [file(".hidden", 3), file("\u{fc}n\u{ef}c\u{f6}de and spaces", 5)],
        "names beyond ASCII, hidden names"
    );
    assert_eq!(list("deep/er/and/deeper"), [file("still", 9)]);
}

fn check_file(storage: &dyn Storage, path: &str, bytes: &[u8]) {
    let file = storage.open(path).unwrap_or_else(|error| panic!("open {path}: {error}"));
    let len = bytes.len() as u64;
    assert_eq!(file.len(), len, "{path}");
    assert_eq!(file.is_empty(), bytes.is_empty(), "{path}");
    if let Some(whole) = file.whole() {
        assert!(whole == bytes, "{path}: whole");
    }
    assert!(file.view(0..len).unwrap() == bytes, "{path}: the whole view");
    // Places around the ends, the middle, and the edges of pages of 64 KiB and 1 MiB.
    for edge in [0, 1, 4095, 65_536, 1 << 20, 2 << 20, len / 2, len.saturating_sub(1), len] {
        for (before, wanted) in [(0, 0), (0, 1), (1, 2), (7, 4096), (100, 70_000), (3, 3 << 20)] {
            let (start, wanted) = (edge.saturating_sub(before), wanted as u64);
            let end = start + wanted;
            let mut copied = vec![0xEE; wanted as usize];
            let read = file.read_at(start, &mut copied);
            let view = file.view(start..end);
            if end <= len {
                let expected = &bytes[start as usize..end as usize];
                read.unwrap_or_else(|error| panic!("{path} {start}+{wanted}: {error}"));
                assert!(copied == expected, "{path} {start}+{wanted}: read_at");
                assert!(view.unwrap() == expected, "{path} {start}+{wanted}: view");
            } else {
                assert!(matches!(read, Err(Error::Damaged(_))), "{path} {start}+{wanted}: past");
                assert!(matches!(view, Err(Error::Damaged(_))), "{path} {start}+{wanted}: past");
            }
        }
    }
    assert!(file.read_at(u64::MAX, &mut [0]).is_err(), "{path}: an offset that overflows");
    assert!(file.view(u64::MAX - 1..u64::MAX).is_err(), "{path}");
    let (from, to) = (len.min(1), 0);
    assert!(from == 0 || file.view(from..to).is_err(), "{path}: a range that runs backwards");
}

/// Rule 4: a read-only storage refuses every change, and is the same afterwards.
pub(crate) fn check_refuses_changes(storage: &dyn Storage) {
    let refused = |what: &str, error: Error| match error {
        Error::Storage(failure) => {
            assert_eq!(failure.kind, FailureKind::NotAllowed, "{what}: {}", failure.message);
        }
        other => panic!("{what}: {other}"),
    };
    refused("create", storage.create("new").unwrap_err());
    refused("rename", storage.rename("a-b", "c").unwrap_err());
    refused("remove", storage.remove("a-b").unwrap_err());
    refused("link", storage.link("a-b", "c").unwrap_err());
    refused("lock", storage.lock("lock").unwrap_err());
    refused("create_directory", storage.create_directory("new").unwrap_err());
    refused("sync_directory", storage.sync_directory("wal").unwrap_err());
    check_lists(storage);
}

/// Rules 1 to 3 and 5 to 7: an empty writable storage takes [`tree`], and changes to it.
pub(crate) fn check_writing(storage: &dyn Storage) {
    for (path, bytes) in tree() {
        write(storage, path, &bytes);
    }
    check_reading(storage);
    check_replacing(storage);
    check_growing(storage);
    check_directories(storage);
    check_links(storage);
    check_lock(storage);
    for path in HOSTILE.into_iter().chain([""]) {
        assert!(storage.create(path).is_err(), "create {path:?}");
        assert!(storage.remove(path).is_err(), "remove {path:?}");
        assert!(storage.rename(path, "x").is_err(), "rename {path:?}");
        assert!(storage.rename("B", path).is_err(), "rename to {path:?}");
        assert!(storage.link(path, "x").is_err(), "link {path:?}");
        assert!(storage.link("B", path).is_err(), "link to {path:?}");
        assert!(storage.lock(path).is_err(), "lock {path:?}");
        let root = path.is_empty();
        assert_eq!(storage.create_directory(path).is_ok(), root, "create_directory {path:?}");
        assert_eq!(storage.sync_directory(path).is_ok(), root, "sync_directory {path:?}");
    }
    assert_eq!(names(storage, ""), ["B", "a", "big", "deep", "empty", "names", "wal"]);
}

fn names(storage: &dyn Storage, path: &str) -> Vec<String> {
    let entries = storage.list(path).unwrap_or_else(|error| panic!("list {path:?}: {error}"));
    entries.into_iter().map(|entry| entry.name).collect()
}

fn read(storage: &dyn Storage, path: &str) -> Vec<u8> {
    let file = storage.open(path).unwrap_or_else(|error| panic!("open {path:?}: {error}"));
    file.view(0..file.len()).unwrap().into_owned()
}

/// Files and directories that take the names of others.
fn check_replacing(storage: &dyn Storage) {
    // An open file shows what it had, whatever becomes of its name.
    let old = storage.open("wal/00000001").unwrap();
    write(storage, "wal/00000001.new", b"replaced");
    storage.rename("wal/00000001.new", "wal/00000001").unwrap();
    assert_eq!(read(storage, "wal/00000001"), b"replaced");
    assert!(old.view(0..old.len()).unwrap() == pattern(32 * 1024, 2), "the old file, still open");
    write(storage, "wal/00000001", b"once more");
    assert_eq!(read(storage, "wal/00000001"), b"once more");
    storage.rename("wal/00000001", "wal/00000001").unwrap();
    assert_eq!(read(storage, "wal/00000001"), b"once more", "renamed to itself");

    write(storage, "block.tmp/chunks/000001", b"chunk");
    write(storage, "block/chunks/000001", b"older");
    write(storage, "block/left-over", b"must go");
    storage.rename("block.tmp", "block").unwrap();
    let only = "a renamed directory replaces one of its name";
    assert_eq!(names(storage, "block"), ["chunks"], "{only}");
    assert_eq!(read(storage, "block/chunks/000001"), b"chunk");
    assert!(storage.list("block.tmp").unwrap_err().is_not_found());

    assert!(storage.rename("block", "B").is_err(), "a directory does not replace a file");
    assert!(storage.rename("B", "block").is_err(), "a file does not replace a directory");
    assert!(storage.rename("block", "block/inside").is_err(), "a directory inside itself");
    assert!(storage.rename("block/chunks", "block").is_err(), "a directory over its own parent");
    assert_eq!(names(storage, "block"), ["chunks"]);
    assert!(storage.create("wal").is_err(), "a directory is not replaced by a file");
    assert!(storage.create("B/below").is_err(), "a file is not replaced by a directory");
    storage.rename("block/chunks/000001", "elsewhere/on/the/way").unwrap();
    assert_eq!(read(storage, "elsewhere/on/the/way"), b"chunk");
    storage.remove("elsewhere").unwrap();

    storage.remove("block").unwrap();
    assert!(storage.list("block").unwrap_err().is_not_found());
    storage.remove("a-b").unwrap();
    assert!(storage.open("a-b").unwrap_err().is_not_found());
    assert!(storage.remove("a-b").unwrap_err().is_not_found());
    assert!(storage.rename("missing", "x").unwrap_err().is_not_found());
    assert!(storage.rename("missing", "missing").unwrap_err().is_not_found());
}

/// A file that is being written: read, renamed and replaced meanwhile.
fn check_growing(storage: &dyn Storage) {
    let mut log = storage.create("log/00000000.tmp").unwrap();
    assert_eq!(read(storage, "log/00000000.tmp"), b"", "it is there from the start");
    log.append(&pattern(70_000, 7)).unwrap();
    let early = storage.open("log/00000000.tmp").unwrap();
    assert_eq!(storage.list("log").unwrap()[0].len, 70_000, "lists show what it has so far");
    storage.rename("log/00000000.tmp", "log/00000000").unwrap();
    log.append(b"after the rename").unwrap();
    log.sync().unwrap();
    assert_eq!(early.len(), 70_000, "the length is fixed when it is opened");
    assert!(early.view(0..70_000).unwrap() == pattern(70_000, 7));
    assert!(early.read_at(70_000, &mut [0]).is_err(), "what came later is past its end");
    assert_eq!(names(storage, "log"), ["00000000"]);
    let whole = [pattern(70_000, 7), b"after the rename".to_vec()].concat();
    assert!(read(storage, "log/00000000") == whole);
    storage.rename("log", "renamed").unwrap();
    log.append(b", and its directory's").unwrap();
    let late = storage.open("renamed/00000000").unwrap();
    assert_eq!(
        late.view(70_000..late.len()).unwrap().as_ref(),
        b"after the rename, and its directory's"
    );

    // Replaced while it is written: both go on, one without a name.
    let mut other = storage.create("renamed/00000000").unwrap();
    other.append(b"other").unwrap();
    log.append(b"nobody sees this").unwrap();
    assert_eq!(read(storage, "renamed/00000000"), b"other");
    assert_eq!(late.view(70_000..70_005).unwrap().as_ref(), b"after");
    log.close().unwrap();
    // Removed while it is written.
    storage.remove("renamed").unwrap();
    other.append(b"nor this").unwrap();
    other.close().unwrap();
    assert!(storage.list("renamed").unwrap_err().is_not_found());
}

fn check_directories(storage: &dyn Storage) {
    for _ in 0..2 {
        storage.create_directory("new/below").unwrap();
    }
    assert_eq!(names(storage, "new/below"), [""; 0]);
    write(storage, "new/below/file", b"x");
    storage.sync_directory("new/below").unwrap();
    storage.remove("new/below/file").unwrap();
    assert_eq!(names(storage, "new"), ["below"], "an empty directory stays");
    assert!(storage.create_directory("B").is_err(), "a file has the name");
    assert!(storage.create_directory("B/below").is_err(), "a file is on the way");
    assert!(storage.sync_directory("missing").unwrap_err().is_not_found());
    storage.remove("new").unwrap();
    assert!(storage.capacity().is_none_or(|bytes| bytes > 1 << 20), "{:?}", storage.capacity());
}

fn check_links(storage: &dyn Storage) {
    write(storage, "linked", b"first");
    storage.link("linked", "snapshot/of/it").unwrap();
    assert_eq!(read(storage, "snapshot/of/it"), b"first");
    assert!(storage.link("linked", "B").is_err(), "something is there");
    assert_eq!(read(storage, "B"), b"capitals first");
    assert!(storage.link("missing", "x").unwrap_err().is_not_found());
    assert!(storage.link("snapshot", "x").is_err(), "directories have one name");
    // What becomes of one name is nothing to the other.
    write(storage, "linked", b"second");
    assert_eq!(read(storage, "snapshot/of/it"), b"first");
    storage.remove("snapshot").unwrap();
    assert_eq!(read(storage, "linked"), b"second");
    storage.link("linked", "kept").unwrap();
    storage.remove("linked").unwrap();
    assert_eq!(read(storage, "kept"), b"second");
    storage.remove("kept").unwrap();
}

/// Rule 7.
fn check_lock(storage: &dyn Storage) {
    let first = storage.lock("lock").unwrap();
    assert!(!first.was_left_behind());
    assert_eq!(read(storage, "lock"), b"");
    for _ in 0..2 {
        let Error::Storage(failure) = storage.lock("lock").unwrap_err() else { panic!("locked") };
        assert_eq!(failure.kind, FailureKind::Locked, "{}", failure.message);
    }
    first.release().unwrap();
    assert!(storage.open("lock").unwrap_err().is_not_found(), "given back without a trace");
    drop(storage.lock("lock").unwrap());
    assert!(storage.open("lock").unwrap_err().is_not_found(), "dropping gives it back too");
    write(storage, "lock", b"left by a crash");
    let lock = storage.lock("lock").unwrap();
    assert!(lock.was_left_behind());
    lock.release().unwrap();
}

/// Writes a file in two pieces.
fn write(storage: &dyn Storage, path: &str, bytes: &[u8]) {
    let mut file = storage.create(path).unwrap_or_else(|error| panic!("create {path}: {error}"));
    assert!(file.is_empty());
    let half = bytes.len() / 2;
    file.append(&bytes[..half]).unwrap();
    file.append(&bytes[half..]).unwrap();
    assert_eq!(file.len(), bytes.len() as u64);
    file.sync().unwrap();
    file.close().unwrap();
}
