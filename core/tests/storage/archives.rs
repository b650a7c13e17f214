//! Archives that are hostile, damaged or unusual.

use chunkscope::event::{Finding, Job, Severity};
use chunkscope::storage::archive::{Limits, MemoryScratch, OpenArchive, OpenedArchive};
use chunkscope::storage::{EntryKind, Memory, Storage};

use crate::contract::pattern;
use crate::native::open;
use crate::packing::{ZipEntry, gzip, tar, zip};

fn opened(bytes: Vec<u8>) -> OpenedArchive {
    open(bytes, Limits::default()).unwrap()
}

fn refusal(bytes: Vec<u8>, limits: Limits) -> String {
    open(bytes, limits).unwrap_err().to_string()
}

fn read(opened: &OpenedArchive, path: &str) -> Vec<u8> {
    let file = opened.storage.open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    file.view(0..file.len()).unwrap().into_owned()
}

fn words(findings: &[Finding]) -> String {
    findings.iter().map(|f| format!("{:?} {}: {}\n", f.severity, f.at, f.what)).collect()
}

/// All paths in an archive.
fn paths(storage: &dyn Storage) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(directory) = waiting.pop() {
        for entry in storage.list(&directory).unwrap() {
            let path = chunkscope::storage::join(&directory, &entry.name);
            match entry.kind {
                EntryKind::Directory => waiting.push(path),
                EntryKind::File => found.push(path),
            }
        }
    }
    found.sort();
    found
}

/// A tar entry whose name is written into the header as it is.
fn raw_tar_entry(name: &[u8], kind: tar::EntryType, link: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    let mut entry = header.as_bytes().to_vec();
    entry.extend_from_slice(bytes);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

#[test]
fn hostile_names_are_left_out_of_a_tar() {
    use tar::EntryType;
    let mut bytes = Vec::new();
    let hostile: [&[u8]; 7] =
        [b"/etc/passwd", b"../up", b"wal/../../up", b"a\\b", b"a//b", b"\xff\xfe", b"a/./b"];
    for name in hostile {
        bytes.extend(raw_tar_entry(name, EntryType::Regular, b"", b"evil"));
    }
    bytes.extend(raw_tar_entry(b"./wal/", EntryType::Directory, b"", b""));
    bytes.extend(raw_tar_entry(b"./wal/00000000", EntryType::Regular, b"", b"good"));
    bytes.extend(raw_tar_entry(b"wal", EntryType::Regular, b"", b"a file in its place"));
    bytes.extend(raw_tar_entry(b"link", EntryType::Symlink, b"/etc/passwd", b""));
    bytes.extend(raw_tar_entry(b"fifo", EntryType::Fifo, b"", b""));
    bytes.extend(raw_tar_entry(b"__MACOSX/wal/._00000000", EntryType::Regular, b"", b"fork"));
    bytes.extend([0; 1024]);
    for bytes in [gzip(&bytes), bytes] {
        let opened = opened(bytes);
        assert_eq!(paths(opened.storage.as_ref()), ["wal/00000000"]);
        assert_eq!(read(&opened, "wal/00000000"), b"good");
        assert_eq!(opened.findings.len(), hostile.len() + 3, "{}", words(&opened.findings));
    }
}

#[test]
fn a_tar_means_what_tar_extracts() {
    use tar::EntryType;
    let mut bytes = raw_tar_entry(b"a", EntryType::Regular, b"", b"first");
    bytes.extend(raw_tar_entry(b"b", EntryType::Link, b"./a", b""));
    bytes.extend(raw_tar_entry(b"a", EntryType::Regular, b"", b"second"));
    bytes.extend(raw_tar_entry(b"c", EntryType::Link, b"../../etc/passwd", b""));
    bytes.extend([0; 1024]);
    let opened = opened(bytes);
    assert_eq!(read(&opened, "a"), b"second", "the last file of a name counts");
    assert_eq!(read(&opened, "b"), b"first", "a hard link is the file it was made from");
    assert_eq!(paths(opened.storage.as_ref()), ["a", "b"]);
    assert_eq!(opened.findings.len(), 2, "{}", words(&opened.findings));
}

#[test]
fn long_names_are_read_and_endless_ones_refused() {
    let long = format!("{}/00000000", "d".repeat(150));
    let good = opened(tar(&[(&long, b"x".to_vec()), ("after", b"y".to_vec())]));
    assert_eq!(read(&good, &long), b"x");
    assert_eq!(good.findings, []);

    let mut bytes = raw_tar_entry(b"first", tar::EntryType::Regular, b"", b"kept");
    let name = vec![b'n'; 3 << 20];
    bytes.extend(raw_tar_entry(b"././@LongLink", tar::EntryType::GNULongName, b"", &name));
    bytes.extend(raw_tar_entry(b"n", tar::EntryType::Regular, b"", b""));
    let endless = opened(bytes);
    assert_eq!(paths(endless.storage.as_ref()), ["first"]);
    assert!(words(&endless.findings).contains("more than 1 MiB"), "{}", words(&endless.findings));
}

#[test]
fn a_sparse_file_is_left_out_and_said_so() {
    let mut sparse = tar::Header::new_gnu();
    sparse.as_old_mut().name[..6].copy_from_slice(b"sparse");
    sparse.set_entry_type(tar::EntryType::GNUSparse);
    sparse.set_size(4);
    let gnu = sparse.as_gnu_mut().unwrap();
    gnu.sparse[0].offset.copy_from_slice(b"00001000000\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000000004\0");
    gnu.realsize.copy_from_slice(b"00001000004\0");
    sparse.set_cksum();
    let mut bytes = sparse.as_bytes().to_vec();
    bytes.extend(b"data");
    bytes.resize(1024, 0);
    bytes.extend(raw_tar_entry(b"after", tar::EntryType::Regular, b"", b"read"));
    bytes.extend([0; 1024]);
    let opened = opened(bytes);
    assert_eq!(paths(opened.storage.as_ref()), ["after"]);
    assert!(words(&opened.findings).contains("--sparse"), "{}", words(&opened.findings));
}

#[test]
fn an_archive_cut_anywhere_opens_as_far_as_it_goes_or_is_refused() {
    let files = [("wal/00000000", pattern(3000, 1)), ("wal/00000001", pattern(100, 2))];
    let whole = tar(&files);
    for cut in 0..whole.len() {
        let Ok(opened) = open(whole[..cut].to_vec(), Limits::default()) else { continue };
        assert!(cut >= 512, "{cut}");
        let first = read(&opened, "wal/00000000");
        assert!(pattern(3000, 1).starts_with(&first), "{cut}");
        if first.len() < 3000 {
            assert!(opened.findings.iter().any(|f| f.severity == Severity::Damage), "{cut}");
        }
    }
    let packed = gzip(&whole);
    for cut in 0..packed.len() {
        if let Ok(opened) = open(packed[..cut].to_vec(), Limits::default()) {
            assert!(!opened.findings.is_empty(), "gzip cut at {cut} goes unnoticed");
        }
    }
    let zipped = zip(&[ZipEntry::deflated("a", &pattern(500, 1)), ZipEntry::stored("b", b"x")]);
    for cut in 0..zipped.len() {
        assert!(open(zipped[..cut].to_vec(), Limits::default()).is_err(), "zip cut at {cut}");
    }
}

#[test]
fn flipped_bits_never_harm_the_reader() {
    let files = [("wal/00000000", pattern(700, 1)), ("b", b"short".to_vec())];
    let entries =
        [ZipEntry::deflated("wal/00000000", &files[0].1), ZipEntry::stored("b", b"short")];
    for whole in [tar(&files), gzip(&tar(&files)), zip(&entries)] {
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            if let Ok(opened) = open(bytes, Limits::default()) {
                for path in paths(opened.storage.as_ref()) {
                    assert!(read(&opened, &path).len() <= 4096, "{path}, flipped at {at}");
                }
            }
        }
    }
}

#[test]
fn bombs_are_refused() {
    let zeros = gzip(&tar(&[("zeros", vec![0; 8 << 20])]));
    let limits = Limits { inflated_bytes: 1 << 20, ..Limits::default() };
    assert!(refusal(zeros, limits).contains("inflates to more than 1048576 bytes"));

    // The sizes a zip declares are enough to refuse it, before anything is inflated.
    let mut entry = ZipEntry::deflated("zeros", &[0; 1000]);
    entry.len = u32::MAX;
    let many = vec![entry; 3];
    assert!(refusal(zip(&many), Limits::default()).contains("inflates to more than"));
    let dense = Limits { ratio: 10, ..Limits::default() };
    let mut entry = ZipEntry::deflated("zeros", &[0; 1000]);
    entry.len = (1 << 30) + 1;
    assert!(refusal(zip(&[entry]), dense).contains("bomb"));

    let flood: Vec<(String, Vec<u8>)> = (0..50).map(|n| (format!("f{n}"), Vec::new())).collect();
    let files: Vec<(&str, Vec<u8>)> = flood.iter().map(|(n, b)| (n.as_str(), b.clone())).collect();
    let entries: Vec<ZipEntry> = files.iter().map(|(n, b)| ZipEntry::stored(n, b)).collect();
    let few = Limits { names: 20, ..Limits::default() };
    for bytes in [tar(&files), gzip(&tar(&files)), zip(&entries)] {
        let words = refusal(bytes, few);
        assert!(words.contains("more than 20"), "{words}");
    }
}

#[test]
fn a_zip_that_lies_is_believed_in_nothing() {
    let mut longer = ZipEntry::deflated("longer", &pattern(5000, 1));
    longer.len = 100;
    let mut shorter = ZipEntry::deflated("shorter", &pattern(50, 2));
    shorter.len = 4000;
    let mut checksum = ZipEntry::deflated("checksum", &pattern(60, 3));
    checksum.crc32 ^= 1;
    let mut broken = ZipEntry::deflated("broken", &pattern(5000, 4));
    broken.stored[100..].fill(0xFF);
    let mut encrypted = ZipEntry::stored("encrypted", b"secret");
    encrypted.flags |= 1;
    let mut link = ZipEntry::stored("link", b"/etc/passwd");
    link.unix_mode = 0o120_777;
    let mut lzma = ZipEntry::stored("lzma", b"?");
    lzma.method = 14;
    let mut zero = ZipEntry::stored("zero", b"evil");
    zero.name = b"ze\0ro".to_vec();
    let entries = [
        ZipEntry::stored("../up", b"evil"),
        ZipEntry::stored("/abs", b"evil"),
        ZipEntry::stored("back\\slash", b"evil"),
        zero,
        longer,
        shorter,
        checksum,
        broken,
        encrypted,
        link,
        lzma,
        ZipEntry::stored("twice", b"first"),
        ZipEntry::stored("twice", b"second"),
        ZipEntry::deflated("good", b"good"),
    ];
    let opened = opened(zip(&entries));
    let told = words(&opened.findings);
    assert_eq!(read(&opened, "good"), b"good");
    assert_eq!(read(&opened, "twice"), b"first");
    assert_eq!(read(&opened, "longer"), pattern(5000, 1)[..100]);
    assert_eq!(read(&opened, "shorter"), pattern(50, 2));
    assert_eq!(read(&opened, "checksum"), pattern(60, 3));
    let good = ["broken", "checksum", "good", "longer", "shorter", "twice"];
    assert_eq!(paths(opened.storage.as_ref()), good, "{told}");
    assert_eq!(opened.findings.len(), 12, "{told}");
}

#[test]
fn what_is_no_archive_says_what_it_is() {
    for (bytes, said) in [
        (b"hello".to_vec(), "neither a tar archive nor"),
        (Vec::new(), "neither a tar archive nor"),
        (pattern(5000, 1), "neither a tar archive nor"),
        (vec![0x28, 0xb5, 0x2f, 0xfd, 0], "zstd"),
        (b"\xfd7zXZ\0".to_vec(), "xz"),
        (b"BZh9".to_vec(), "bzip2"),
        (gzip(b"no tar"), "not a tar archive"),
        (gzip(b""), "empty when inflated"),
        (b"PK\x03\x04 and then nothing".to_vec(), "directory cannot be read"),
    ] {
        let words = refusal(bytes, Limits::default());
        assert!(words.contains(said), "{words}");
    }
    assert_eq!(paths(opened(tar(&[])).storage.as_ref()), [""; 0], "an empty tar is one");
    assert_eq!(paths(opened(zip(&[])).storage.as_ref()), [""; 0], "an empty zip is one");
    // An archive in an archive is a file.
    let inner = tar(&[("x", b"y".to_vec())]);
    assert_eq!(read(&opened(tar(&[("inner.tar", inner.clone())])), "inner.tar"), inner);
}

#[test]
fn steps_are_bounded_and_tell_how_far_they_are() {
    let bytes = gzip(&tar(&[("big", pattern(40 << 20, 1)), ("small", b"x".to_vec())]));
    let memory = Memory::default();
    memory.put("archive", bytes).unwrap();
    let file = memory.open("archive").unwrap();
    let scratch = Box::new(MemoryScratch::new(1 << 30));
    let mut job = OpenArchive::new("archive", file, scratch, Limits::default()).unwrap();
    let mut seen = Vec::new();
    while job.step().unwrap().is_none() {
        let progress = job.progress();
        assert!(progress.bytes_done <= progress.bytes_total);
        seen.push((progress.stage, progress.bytes_done));
    }
    assert!(seen.len() >= 10, "{seen:?}");
    assert!(seen.is_sorted_by(|a, b| a.0 != b.0 || a.1 <= b.1), "{seen:?}");
}

#[test]
fn a_full_scratch_file_is_an_error_and_no_silence() {
    let memory = Memory::default();
    memory.put("archive", gzip(&tar(&[("big", pattern(2 << 20, 1))]))).unwrap();
    let scratch = Box::new(MemoryScratch::new(1 << 20));
    let file = memory.open("archive").unwrap();
    let job = OpenArchive::new("archive", file, scratch, Limits::default()).unwrap();
    let error = job.run().unwrap_err().to_string();
    assert!(error.contains("more than the 1048576 bytes"), "{error}");
}
