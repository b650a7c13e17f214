//! The contract on the backends that need no browser.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chunkscope::error::Result;
use chunkscope::event::Job;
use chunkscope::storage::archive::{
    Archive, Limits, MemoryScratch, OpenArchive, OpenedArchive, PackTar,
};
use chunkscope::storage::{Memory, Mmap, ReadFile, Storage, Subdirectory, open_native};

use crate::{contract, packing};

#[test]
fn memory_keeps_the_contract() {
    contract::check_writing(&Memory::default());
}

#[test]
fn mmap_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    contract::check_writing(&Mmap::open_directory(directory.path()).unwrap());
}

#[test]
fn a_subdirectory_keeps_the_contract() {
    let memory = Memory::default();
    memory.make_directory("below/here").unwrap();
    contract::check_writing(&Subdirectory::new(Arc::new(memory), "below/here").unwrap());
}

/// Opens the archive `bytes` with everything kept in memory.
pub(crate) fn open(bytes: Vec<u8>, limits: Limits) -> Result<OpenedArchive> {
    let memory = Memory::default();
    memory.put("archive", bytes)?;
    open_file(memory.open("archive")?, limits)
}

fn open_file(file: Arc<dyn ReadFile>, limits: Limits) -> Result<OpenedArchive> {
    OpenArchive::new("archive", file, Box::new(MemoryScratch::new(1 << 30)), limits)?.run()
}

fn check(bytes: Vec<u8>, inflated: bool) -> Arc<Archive> {
    let opened = open(bytes, Limits::default()).unwrap();
    assert_eq!(opened.findings, [], "nothing to say about a good archive");
    assert_eq!(opened.inflated_bytes > 0, inflated);
    contract::check_reading(opened.storage.as_ref());
    contract::check_refuses_changes(opened.storage.as_ref());
    opened.storage
}

#[test]
fn tar_keeps_the_contract() {
    check(packing::tar(&contract::tree()), false);
}

/// The archive of all of a storage but `lock`.
fn pack(storage: &dyn Storage, inside: &str) -> Vec<u8> {
    let mut packing = PackTar::new(storage, inside, &["lock"], 1_700_000_000).unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = packing.next_piece().unwrap() {
        assert!(piece.len() < 2 << 20, "{} bytes at once", piece.len());
        bytes.extend(piece);
    }
    let progress = packing.progress();
    assert_eq!(progress.bytes_done, progress.bytes_total);
    assert_eq!(packing.next_piece().unwrap(), None);
    bytes
}

#[test]
fn what_was_packed_opens_and_extracts() {
    let memory = Memory::default();
    for (path, bytes) in contract::tree() {
        memory.put(path, bytes).unwrap();
    }
    let lock = memory.lock("lock").unwrap();
    check(pack(&memory, ""), false);
    lock.release().unwrap();

    // A long name, an empty directory, a file that grows while it is packed; and the real tar.
    let long = format!("{}/{}", "l".repeat(120), "n".repeat(90));
    memory.put(&long, b"long".as_slice()).unwrap();
    memory.create_directory("chunks_head").unwrap();
    let mut log = memory.create("wal/00000002").unwrap();
    log.append(b"before").unwrap();
    let mut packing = PackTar::new(&memory, "data", &[], 1_700_000_000).unwrap();
    log.append(b" and after").unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = packing.next_piece().unwrap() {
        bytes.extend(piece);
    }
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("data.tar"), bytes).unwrap();
    let mut command = std::process::Command::new("tar");
    let extracted = command.args(["xf", "data.tar"]).current_dir(temporary.path()).status();
    assert!(extracted.unwrap().success());
    let data = temporary.path().join("data");
    assert!(data.join("chunks_head").is_dir());
    assert_eq!(fs::read(data.join("wal/00000002")).unwrap(), b"before");
    assert_eq!(fs::read(data.join(&long)).unwrap(), b"long");
    for (path, bytes) in contract::tree() {
        assert!(fs::read(data.join(path)).unwrap() == bytes, "{path}");
    }
}

#[test]
fn gzipped_tar_keeps_the_contract() {
    check(packing::gzip(&packing::tar(&contract::tree())), true);
}

#[test]
fn zip_keeps_the_contract_stored_deflated_and_mixed() {
    use packing::ZipEntry;
    let entries = |deflate: fn(usize) -> bool| -> Vec<ZipEntry> {
        let tree = contract::tree();
        let entry = |(index, (path, bytes)): (usize, &(&str, Vec<u8>))| {
            if deflate(index) {
                ZipEntry::deflated(path, bytes)
            } else {
                ZipEntry::stored(path, bytes)
            }
        };
        tree.iter().enumerate().map(entry).collect()
    };
    check(packing::zip(&entries(|_| false)), false);
    check(packing::zip(&entries(|_| true)), true);
    check(packing::zip(&entries(|index| index % 2 == 0)), true);
}

#[test]
fn mapped_archives_are_read_in_place() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.tar");
    fs::write(&path, packing::tar(&contract::tree())).unwrap();
    let file = Mmap::open_file(&path).unwrap();
    let opened = open_file(Arc::clone(&file), Limits::default()).unwrap();
    let big = opened.storage.open("big").unwrap();
    let archive = file.whole().unwrap().as_ptr_range();
    assert!(archive.contains(&big.whole().unwrap().as_ptr()), "no copy of the file's bytes");
}

fn write_tree(root: &Path) {
    for (path, bytes) in contract::tree() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_path_may_be_a_directory_its_parent_or_an_archive() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("prometheus/data");
    write_tree(&data);
    let below: Vec<(String, Vec<u8>)> = contract::tree()
        .into_iter()
        .map(|(path, bytes)| (format!("./prometheus/data/{path}"), bytes))
        .collect();
    let below: Vec<(&str, Vec<u8>)> =
        below.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let packed = temporary.path().join("data.tar.gz");
    fs::write(&packed, packing::gzip(&packing::tar(&below))).unwrap();
    for path in [&data, &temporary.path().join("prometheus"), &packed] {
        let mut stages = Vec::new();
        let opened = open_native(path, None, |progress| stages.push(progress.stage.clone()));
        let opened = opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(opened.findings, []);
        contract::check_reading(opened.storage.as_ref());
        assert_eq!(stages.is_empty(), path.is_dir(), "an archive tells how far it is");
    }
    let nothing = open_native(&temporary.path().join("nothing"), None, |_| {}).unwrap_err();
    assert!(nothing.is_not_found(), "{nothing}");
    let choice = open_native(temporary.path(), Some("prometheus/data"), |_| {}).unwrap();
    contract::check_reading(choice.storage.as_ref());
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_or_in_circles_do_no_harm() {
    use std::os::unix::fs::symlink;
    let temporary = tempfile::tempdir().unwrap();
    write_tree(temporary.path());
    symlink("nowhere", temporary.path().join("dangling")).unwrap();
    let storage = Mmap::open_directory(temporary.path()).unwrap();
    contract::check_reading(&storage);
    symlink(".", temporary.path().join("circle")).unwrap();
    symlink("itself", temporary.path().join("itself")).unwrap();
    assert!(open_native(temporary.path(), None, |_| {}).is_ok(), "the search ends");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_refused_and_not_waited_for() {
    let temporary = tempfile::tempdir().unwrap();
    let pipe = temporary.path().join("00000000");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let storage = Mmap::open_directory(temporary.path()).unwrap();
    for error in [storage.open("00000000").unwrap_err(), Mmap::open_file(&pipe).unwrap_err()] {
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
}

/// What a hard link shares: the file, not only its bytes.
#[cfg(unix)]
#[test]
fn a_link_is_a_second_name_of_the_same_file() {
    use std::os::unix::fs::MetadataExt;
    let temporary = tempfile::tempdir().unwrap();
    let storage = Mmap::open_directory(temporary.path()).unwrap();
    storage.create("chunk").unwrap().append(b"bytes").unwrap();
    storage.link("chunk", "snapshot/chunk").unwrap();
    let number = |path: &str| fs::metadata(temporary.path().join(path)).unwrap().ino();
    assert_eq!(number("chunk"), number("snapshot/chunk"));
    assert!(storage.capacity().unwrap() > 1 << 20);
}

/// Needs Debian's prometheus: each refuses the directory that the other has open. (Debian's takes
/// its lock only when told to; upstream's always does.)
#[test]
fn prometheus_and_we_lock_each_other_out() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let temporary = tempfile::tempdir().unwrap();
    let (data, configuration) = (temporary.path().join("data"), temporary.path().join("p.yml"));
    fs::write(&configuration, "").unwrap();
    fs::create_dir(&data).unwrap();
    let storage = Mmap::open_directory(&data).unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", configuration.display()));
    command.arg(format!("--storage.tsdb.path={}", data.display()));
    command.args(["--storage.tsdb.use-lockfile", "--log.level=warn"]);
    command.arg("--web.listen-address=127.0.0.1:0").stderr(Stdio::piped());
    // Looks every 20 ms, for 20 s at most.
    let wait_until = |done: &mut dyn FnMut() -> bool| {
        (0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            done()
        })
    };

    let lock = storage.lock("lock").unwrap();
    let mut server = command.spawn().expect("prometheus is installed: cargo xtask setup");
    let ended = wait_until(&mut || server.try_wait().unwrap().is_some());
    let _ = server.kill();
    assert!(ended && !server.wait().unwrap().success(), "it runs beside us");
    let mut said = String::new();
    server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("lock DB directory"), "{said}");
    assert!(data.join("lock").exists(), "who was refused leaves the file alone");
    lock.release().unwrap();

    let mut server = command.stderr(Stdio::null()).spawn().unwrap();
    let ready = wait_until(&mut || data.join("wal").exists());
    let refusal = storage.lock("lock").map(drop);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(ready);
    let refusal = refusal.unwrap_err().to_string();
    assert!(refusal.contains("another process"), "{refusal}");
    let lock = storage.lock("lock").unwrap();
    assert!(lock.was_left_behind(), "the server was killed");
}
