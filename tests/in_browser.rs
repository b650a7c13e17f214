//! Undamaged data directories of real Prometheus, read in a browser's worker: as a picked
//! directory, an archive, and a store in the browser's own file storage. The checks are those of
//! `compatibility.rs`.
//!
//! `cargo test -p chunkscope-tests --test in_browser --target wasm32-unknown-unknown`
#![cfg(target_arch = "wasm32")]

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use chunkscope::event::Job;
use chunkscope::storage::archive::{Limits, OpenArchive};
use chunkscope::storage::{
    DEFAULT_CACHE_BYTES, Memory, Opfs, Picked, Storage, data_directory, picked_file, scratch_file,
};
use chunkscope_tests::expectations::differences;
use flate2::read::GzDecoder;
use include_dir::{Dir, DirEntry, include_dir};
use js_sys::{Array, Uint8Array};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::File;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// The full set where it stands beside the checkout, else the subset in the repository: `build.rs`
/// says where.
static FIXTURES: Dir<'_> = include_dir!("$CHUNKSCOPE_FIXTURES");

/// A data directory with its expectations.
struct Fixture {
    name: &'static str,
    folder: &'static Dir<'static>,
}

fn healthy() -> Vec<Fixture> {
    let named = |folder: &'static Dir<'static>| {
        let name = folder.path().to_str().expect("names of fixtures are UTF-8");
        Fixture { name, folder }
    };
    let found: Vec<Fixture> = FIXTURES
        .dirs()
        .map(named)
        .filter(|fixture| fixture.file("expected/about.json").is_some())
        .collect();
    assert!(found.len() >= 6, "the fixtures are in the repository");
    for fixture in &found {
        assert!(fixture.expected("blocks.json").is_some(), "{} has blocks", fixture.name);
    }
    found
}

impl Fixture {
    fn file(&self, path: &str) -> Option<&'static [u8]> {
        Some(self.folder.get_file(format!("{}/{path}", self.name))?.contents())
    }

    fn expected(&self, name: &str) -> Option<String> {
        if let Some(text) = self.file(&format!("expected/{name}")) {
            return Some(String::from_utf8(text.to_vec()).expect("expectations are UTF-8"));
        }
        let packed = self.file(&format!("expected/{name}.gz"))?;
        let mut text = String::new();
        GzDecoder::new(packed).read_to_string(&mut text).expect("an expectation unpacks");
        Some(text)
    }

    /// Paths below the data directory, with their bytes.
    fn data(&self) -> Vec<(String, &'static [u8])> {
        let root = format!("{}/data/", self.name);
        let mut files = Vec::new();
        let mut waiting = vec![self.folder];
        while let Some(folder) = waiting.pop() {
            for entry in folder.entries() {
                match entry {
                    DirEntry::Dir(folder) => waiting.push(folder),
                    DirEntry::File(file) => {
                        let path = file.path().to_str().expect("names of fixtures are UTF-8");
                        if let Some(path) = path.strip_prefix(&root) {
                            files.push((path.to_owned(), file.contents()));
                        }
                    }
                }
            }
        }
        assert!(!files.is_empty(), "{} has data", self.name);
        files
    }

    fn check(&self, storage: Arc<dyn Storage>) {
        let wrong = differences(storage, &|name| self.expected(name));
        assert!(wrong.is_empty(), "{} differs:\n{}", self.name, wrong.join("\n"));
    }
}

fn file(name: &str, bytes: &[u8]) -> File {
    let parts = Array::of1(&Uint8Array::from(bytes));
    File::new_with_u8_array_sequence(&parts, name).expect("a browser makes files")
}

#[wasm_bindgen_test]
fn picked_directories_are_read_as_prometheus_reads_them() {
    for fixture in healthy() {
        // As an input for directories gives them: the name of the directory comes first.
        let files = fixture.data().into_iter();
        let files = files.map(|(path, bytes)| (format!("data/{path}"), file(&path, bytes)));
        let picked = Picked::from_files("data", files, DEFAULT_CACHE_BYTES).expect("few files");
        assert_eq!(picked.findings(), []);
        fixture.check(data_directory(Arc::new(picked), None).expect("one data directory"));
    }
}

#[wasm_bindgen_test]
async fn stores_of_the_browser_are_read_as_prometheus_reads_them() {
    for fixture in healthy() {
        let memory = Memory::default();
        for (path, bytes) in fixture.data() {
            memory.put(&path, bytes).expect("fixtures have plain names");
        }
        let copied = Opfs::import(fixture.name, &memory, |_| ControlFlow::Continue(())).await;
        drop(copied.expect("the browser has room"));
        let store = Opfs::mount(fixture.name).await.expect("just copied");
        fixture.check(Arc::new(store));
        Opfs::destroy(fixture.name).await.expect("nobody else has it open");
    }
}

#[wasm_bindgen_test]
async fn archives_are_read_as_prometheus_reads_them() {
    for fixture in healthy() {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, bytes) in fixture.data() {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            let path = format!("prometheus/data/{path}");
            builder.append_data(&mut header, path, bytes).expect("memory takes all");
        }
        let tar = builder.into_inner().expect("memory takes all");
        let mut encoder =
            flate2::GzBuilder::new().read(tar.as_slice(), flate2::Compression::fast());
        let mut packed = Vec::new();
        encoder.read_to_end(&mut packed).expect("memory takes all");
        for (name, bytes) in [("data.tar", tar.as_slice()), ("data.tar.gz", packed.as_slice())] {
            let picked = picked_file(file(name, bytes), DEFAULT_CACHE_BYTES);
            let scratch = scratch_file().await.expect("the browser has room");
            let job = OpenArchive::new(name, picked, scratch, Limits::default());
            let opened = job.expect("an archive").run().expect("a good one");
            assert_eq!(opened.findings, []);
            fixture.check(data_directory(opened.storage, None).expect("one data directory"));
        }
    }
}
