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
    check_lists(storage);
}

/// Rules 1 to 3 and 5: an empty writable storage takes [`tree`], and changes to it.
pub(crate) fn check_writing(storage: &dyn Storage) {
    for (path, bytes) in tree() {
        write(storage, path, &bytes);
    }
    check_reading(storage);
    let names = |path: &str| -> Vec<String> {
        storage.list(path).unwrap().into_iter().map(|entry| entry.name).collect()
    };

    // An open file shows what it had, whatever becomes of its name.
    let old = storage.open("wal/00000001").unwrap();
    write(storage, "wal/00000001.new", b"replaced");
    storage.rename("wal/00000001.new", "wal/00000001").unwrap();
    assert_eq!(storage.open("wal/00000001").unwrap().view(0..8).unwrap().as_ref(), b"replaced");
    assert!(old.view(0..old.len()).unwrap() == pattern(32 * 1024, 2), "the old file, still open");

    write(storage, "block.tmp/chunks/000001", b"chunk");
    write(storage, "block/chunks/000001", b"older");
    write(storage, "block/left-over", b"must go");
    storage.rename("block.tmp", "block").unwrap();
    assert_eq!(names("block"), ["chunks"], "a renamed directory replaces one of its name");
    assert_eq!(storage.open("block/chunks/000001").unwrap().view(0..5).unwrap().as_ref(), b"chunk");
    assert!(storage.list("block.tmp").unwrap_err().is_not_found());

    storage.remove("block").unwrap();
    assert!(storage.list("block").unwrap_err().is_not_found());
    storage.remove("a-b").unwrap();
    assert!(storage.open("a-b").unwrap_err().is_not_found());
    assert!(storage.remove("a-b").unwrap_err().is_not_found());
    assert!(storage.rename("missing", "x").unwrap_err().is_not_found());
    for path in HOSTILE {
        assert!(storage.create(path).is_err(), "create {path:?}");
        assert!(storage.remove(path).is_err(), "remove {path:?}");
        assert!(storage.rename(path, "x").is_err(), "rename {path:?}");
        assert!(storage.rename("B", path).is_err(), "rename to {path:?}");
    }
    assert!(storage.create("wal").is_err(), "a directory is not replaced by a file");
    assert!(storage.create("B/below").is_err(), "a file is not replaced by a directory");
    assert!(storage.create("").is_err(), "the root is not replaced by a file");
    assert_eq!(names(""), ["B", "a", "big", "deep", "empty", "names", "wal"]);
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
