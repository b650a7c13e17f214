//! Every file of every fixture as a tree of fields.

use std::ops::Range;

use chunkscope::encoding::Field;
use chunkscope::event::Severity;
use chunkscope::inspect::{FileKind, InspectOptions, Inspection, inspect};
use chunkscope::storage::{Memory, Storage};
use chunkscope_tests::contents::paths;
use chunkscope_tests::fixtures::{self, Fixture};

const ALL: InspectOptions = InspectOptions { offset: None, limit: 20_000 };

fn around(offset: u64) -> InspectOptions {
    InspectOptions { offset: Some(offset), ..ALL }
}

/// Every field lies in its group, and fields of a group do not overlap.
fn check(field: &Field, path: &str) {
    let (start, end) = (field.start_bit, field.start_bit + field.bits);
    let mut reached = start;
    for child in &field.children {
        if field.decompressed {
            continue;
        }
        let place = format!("{path}: {} in {}: {:?}", child.name, field.name, child.byte_range());
        assert!(child.start_bit >= reached, "{place} overlaps what is before it");
        reached = child.start_bit + child.bits;
        assert!(reached <= end, "{place} is longer than its group");
        check(child, path);
    }
}

fn inspected(storage: &dyn Storage, path: &str, options: &InspectOptions) -> Inspection {
    let inspection = inspect(storage, path, options).expect("a file can be inspected");
    check(&inspection.root, path);
    assert_eq!(inspection.root.byte_range(), 0..inspection.len);
    assert!(inspection.render(options.offset).lines().count() < 200_000);
    inspection
}

/// Bytes that no leaf covers, and that were not left out either.
fn uncovered(field: &Field) -> u64 {
    if field.children.is_empty() || field.left_out > 0 || field.decompressed {
        return 0;
    }
    let covered: u64 = field.children.iter().map(|child| child.bits).sum();
    (field.bits - covered) / 8 + field.children.iter().map(uncovered).sum::<u64>()
}

fn each_file(fixture: &Fixture, mut each: impl FnMut(&dyn Storage, &str)) {
    let storage = fixture.storage();
    for path in paths(storage.as_ref(), "") {
        each(storage.as_ref(), &path);
    }
}

#[test]
fn every_healthy_file_is_covered_by_its_fields() {
    for fixture in fixtures::healthy() {
        each_file(&fixture, |storage, path| {
            let inspection = inspected(storage, path, &ALL);
            let told = format!("{}/{path}: {:?}", fixture.name, inspection.findings);
            let broken = fixture.name.contains("failed");
            let damage = inspection.findings.iter().any(|f| f.severity == Severity::Damage);
            assert!(!damage || broken, "{told}");
            let known = !matches!(
                inspection.kind,
                FileKind::Unknown | FileKind::Lock | FileKind::Json | FileKind::Meta
            );
            if known && inspection.root.left_out == 0 {
                assert_eq!(uncovered(&inspection.root), 0, "{told}\n{}", inspection.render(None));
            }
        });
    }
}

#[test]
fn any_byte_has_a_way_to_it() {
    for fixture in fixtures::healthy() {
        each_file(&fixture, |storage, path| {
            let len = storage.open(path).expect("it opens").len();
            for offset in [0, len / 3, len / 2, len.saturating_sub(1)] {
                let inspection = inspected(storage, path, &around(offset));
                let text = matches!(inspection.kind, FileKind::Json | FileKind::Meta);
                if len > 0 && !text {
                    let way = inspection.path_to(offset);
                    assert!(way.len() > 1, "{}/{path}@{offset}", fixture.name);
                }
            }
        });
    }
}

#[test]
fn damaged_files_are_shown_and_their_damage_named() {
    let mut named = 0;
    for fixture in fixtures::damaged() {
        each_file(&fixture, |storage, path| {
            let inspection = inspected(storage, path, &ALL);
            named += inspection.findings.len();
            for finding in &inspection.findings {
                let Some(offset) = finding.at.offset else { continue };
                inspected(storage, path, &around(offset));
            }
        });
    }
    assert!(named >= 20, "only {named} findings");
}

#[test]
fn other_logs_are_recognised() {
    for (fixture, kinds, words) in [
        ("legacy-wal", [FileKind::LegacySegment, FileKind::LogSegment], "Prometheus 2.0 to 2.3"),
        ("loki-wal", [FileKind::LogSegment; 2], "Loki"),
    ] {
        let mut told = 0;
        each_file(&fixtures::named(fixture), |storage, path| {
            let inspection = inspected(storage, path, &ALL);
            if path.ends_with(".keep") || inspection.len == 0 {
                return;
            }
            assert!(kinds.contains(&inspection.kind), "{path}: {:?}", inspection.kind);
            told += usize::from(inspection.findings.iter().any(|f| f.what.contains(words)));
        });
        assert!(told >= 5, "{fixture}: {told}");
    }
}

/// Small files of each kind.
fn small_files() -> Vec<(String, Vec<u8>)> {
    let mut small: Vec<(String, Vec<u8>)> = Vec::new();
    for name in ["corrupt/base-walwbl", "corrupt/base-snapshot", "negative-times"] {
        each_file(&fixtures::named(name), |storage, path| {
            let file = storage.open(path).expect("it opens");
            let kind = FileKind::recognise(path, &file.view(0..file.len().min(16)).expect("read"));
            let seen = |other: &(String, Vec<u8>)| FileKind::recognise(&other.0, &other.1) == kind;
            if (1..6000).contains(&file.len()) && !small.iter().any(seen) {
                let bytes = file.view(0..file.len()).expect("it is read").into_owned();
                small.push((path.to_owned(), bytes));
            }
        });
    }
    small
}

#[test]
fn cut_anywhere_or_flipped_anywhere_no_file_makes_it_stumble() {
    let small = small_files();
    assert!(small.len() >= 6, "{:?}", small.iter().map(|file| &file.0).collect::<Vec<_>>());
    for (path, bytes) in small {
        let attempt = |changed: &[u8], options: &InspectOptions| {
            let storage = Memory::default();
            storage.put(&path, changed).expect("a plain path");
            inspected(&storage, &path, options);
        };
        let step = bytes.len().div_ceil(700);
        let places: Range<usize> = 0..bytes.len();
        for at in places.step_by(step) {
            attempt(&bytes[..at], &ALL);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            attempt(&flipped, &around(at as u64));
            flipped[at] = 0xff;
            attempt(&flipped, &ALL);
        }
    }
}
