//! The contract in a dedicated worker of a browser: picked directories, the browser's own file
//! storage, archives in both.

use std::ops::ControlFlow;
use std::sync::Arc;

use chunkscope::error::{Error, FailureKind};
use chunkscope::event::{Job, Progress};
use chunkscope::storage::archive::{Limits, OpenArchive};
use chunkscope::storage::{
    DEFAULT_CACHE_BYTES, Memory, Opfs, Picked, ReadFile, Storage, data_directory, picked_file,
    scratch_file,
};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{File, FileSystemDirectoryHandle, WorkerGlobalScope};

use crate::packing::ZipEntry;
use crate::{contract, packing};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn file(name: &str, bytes: &[u8]) -> File {
    let parts = Array::of1(&Uint8Array::from(bytes));
    File::new_with_u8_array_sequence(&parts, name).unwrap()
}

/// The tree of the contract in memory, to be copied.
fn source() -> Memory {
    let memory = Memory::default();
    for (path, bytes) in contract::tree() {
        memory.put(path, bytes).unwrap();
    }
    memory
}

async fn storage_root() -> FileSystemDirectoryHandle {
    let worker: WorkerGlobalScope = js_sys::global().unchecked_into();
    let root = JsFuture::from(worker.navigator().storage().get_directory()).await.unwrap();
    root.unchecked_into()
}

async fn directory(name: &str) -> FileSystemDirectoryHandle {
    let handle = storage_root().await.get_directory_handle(name);
    JsFuture::from(handle).await.unwrap().unchecked_into()
}

fn on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[wasm_bindgen_test]
fn memory_keeps_the_contract() {
    contract::check_writing(&Memory::default());
}

#[wasm_bindgen_test]
fn files_of_a_picked_directory_keep_the_contract() {
    for cache_bytes in [DEFAULT_CACHE_BYTES, 1] {
        let files = contract::tree();
        let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), file(path, bytes)));
        let picked = Picked::from_files("prometheus", files, cache_bytes).unwrap();
        assert_eq!(picked.findings(), []);
        contract::check_reading(&picked);
        contract::check_refuses_changes(&picked);
    }
}

#[wasm_bindgen_test]
fn files_below_a_picked_directory_are_found_and_hostile_names_left_out() {
    let files = contract::tree();
    let files = files
        .iter()
        .map(|(path, bytes)| (format!("picked/data/{path}"), file(path, bytes)))
        .chain([
            ("../up".to_owned(), file("up", b"evil")),
            ("picked/data/wal".to_owned(), file("wal", b"a file in its place")),
        ]);
    let picked = Picked::from_files("picked", files, DEFAULT_CACHE_BYTES).unwrap();
    assert_eq!(picked.findings().len(), 2);
    let data = data_directory(Arc::new(picked), None).unwrap();
    contract::check_reading(data.as_ref());
    contract::check_refuses_changes(data.as_ref());
}

#[wasm_bindgen_test]
async fn a_picked_handle_keeps_the_contract() {
    drop(Opfs::import("to-pick", &source(), on).await.unwrap());
    let handle = directory("to-pick").await;
    let mut seen = 0;
    let picked = Picked::from_handle(&handle, DEFAULT_CACHE_BYTES, |files| {
        seen = files;
        ControlFlow::Continue(())
    })
    .await
    .unwrap();
    assert_eq!(seen, contract::tree().len());
    assert_eq!(picked.name(), "to-pick");
    contract::check_reading(&picked);
    contract::check_refuses_changes(&picked);
    let stopped = Picked::from_handle(&handle, 1, |_| ControlFlow::Break(())).await;
    assert_eq!(stopped.unwrap_err(), Error::Cancelled);

    // The directory goes away while it is open: what was not read yet cannot be read.
    let unread = Picked::from_handle(&handle, 1, |_| ControlFlow::Continue(())).await.unwrap();
    let big = unread.open("big").unwrap();
    Opfs::destroy("to-pick").await.unwrap();
    let gone = big.read_at(0, &mut [0; 100]);
    let gone = gone.expect_err("a file that is gone").to_string();
    assert!(gone.contains("changed or went away"), "{gone}");
    let fresh = Picked::from_handle(&handle, 1, |_| ControlFlow::Continue(())).await;
    assert!(fresh.unwrap_err().is_not_found());
}

#[wasm_bindgen_test]
async fn a_store_keeps_the_contract() {
    let source = source();
    let mut last = 0;
    let store = Opfs::import("store", &source, |progress| {
        last = progress.bytes_done;
        assert!(progress.bytes_done <= progress.bytes_total);
        ControlFlow::Continue(())
    })
    .await
    .unwrap();
    let all: usize = contract::tree().iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(last, all as u64);
    contract::check_reading(&store);
    drop(store);

    let again = Opfs::mount("store").await.unwrap();
    contract::check_reading(&again);
    drop(again);
    Opfs::destroy("store").await.unwrap();
    assert!(Opfs::mount("store").await.unwrap_err().is_not_found());
    Opfs::destroy("store").await.unwrap();
}

#[wasm_bindgen_test]
async fn a_store_of_more_files_than_may_be_open_is_read_whole() {
    let memory = source();
    for number in 0..150 {
        memory.put(&format!("many/{number:08}"), contract::pattern(200, number)).unwrap();
    }
    let store = Opfs::import("stores/many", &memory, on).await.unwrap();
    for number in 0..150 {
        let file = store.open(&format!("many/{number:08}")).unwrap();
        assert!(file.view(0..200).unwrap() == contract::pattern(200, number), "{number}");
    }
    drop(store);
    Opfs::destroy("stores").await.unwrap();
}

#[wasm_bindgen_test]
async fn a_store_opens_once_at_a_time() {
    let first = Opfs::import("locked", &Memory::default(), on).await.unwrap();
    let error = Opfs::mount("locked").await.unwrap_err();
    assert!(error.to_string().contains("open in another tab"), "{error}");
    let Error::Storage(failure) = error else { panic!("not a storage failure") };
    assert_eq!(failure.kind, FailureKind::Locked);
    drop(first);
    drop(Opfs::mount("locked").await.unwrap());
    Opfs::destroy("locked").await.unwrap();
}

#[wasm_bindgen_test]
async fn a_copy_that_is_stopped_leaves_nothing() {
    let stopped = Opfs::import("stopped", &source(), |_| ControlFlow::Break(())).await;
    assert_eq!(stopped.unwrap_err(), Error::Cancelled);
    assert!(Opfs::mount("stopped").await.unwrap_err().is_not_found());
    assert!(Opfs::mount("../up").await.is_err());
}

/// Opens a picked archive with a scratch file in the browser's storage.
async fn open_archive(name: &str, bytes: &[u8]) -> Arc<dyn Storage> {
    let picked: Arc<dyn ReadFile> = picked_file(file(name, bytes), DEFAULT_CACHE_BYTES);
    let scratch = scratch_file().await.unwrap();
    let opened = OpenArchive::new(name, picked, scratch, Limits::default()).unwrap().run().unwrap();
    assert_eq!(opened.findings, []);
    opened.storage
}

#[wasm_bindgen_test]
async fn archives_keep_the_contract() {
    let tree = contract::tree();
    let tar = packing::tar(&tree);
    let entries: Vec<ZipEntry> = tree
        .iter()
        .enumerate()
        .map(|(index, (path, bytes))| match index % 2 {
            0 => ZipEntry::deflated(path, bytes),
            _ => ZipEntry::stored(path, bytes),
        })
        .collect();
    for (name, bytes) in [
        ("data.tar.gz", packing::gzip(&tar)),
        ("data.tar", tar),
        ("data.zip", packing::zip(&entries)),
    ] {
        let storage = open_archive(name, &bytes).await;
        contract::check_reading(storage.as_ref());
        contract::check_refuses_changes(storage.as_ref());
    }
}

#[wasm_bindgen_test]
async fn scratch_files_are_removed() {
    let names = || async {
        let entries = directory("chunkscope-scratch").await.keys();
        let mut count = 0;
        loop {
            let next = JsFuture::from(entries.next().unwrap()).await.unwrap();
            if next.unchecked_into::<js_sys::IteratorNext>().done() {
                return count;
            }
            count += 1;
        }
    };
    let tar = packing::gzip(&packing::tar(&contract::tree()));
    let one = open_archive("one.tar.gz", &tar).await;
    let two = open_archive("two.tar.gz", &tar).await;
    assert_eq!(names().await, 2, "both are in use: neither may go");
    contract::check_reading(one.as_ref());
    drop((one, two));
    let unused = scratch_file().await.unwrap();
    assert_eq!(names().await, 1);
    drop(unused);
    // Removing happens behind the scenes; asking the storage something waits for it.
    let mut left = names().await;
    for _ in 0..50 {
        if left == 0 {
            break;
        }
        left = names().await;
    }
    assert_eq!(left, 0);
}
