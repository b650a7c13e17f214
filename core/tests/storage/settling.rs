//! Writing to the browser's file storage: what is seen at once, what has settled, what a killed tab
//! leaves behind.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use chunkscope::error::Result;
use chunkscope::storage::{EntryKind, Memory, Opfs, Storage, WriteFile, join};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::contract::{self, pattern};

/// All paths: files with their bytes, directories with none.
fn everything(storage: &dyn Storage) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut waiting = vec![String::new()];
    while let Some(directory) = waiting.pop() {
        for entry in storage.list(&directory).unwrap() {
            let path = join(&directory, &entry.name);
            match entry.kind {
                EntryKind::Directory => {
                    found.push((path.clone(), None));
                    waiting.push(path);
                }
                EntryKind::File => {
                    let file = storage.open(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
                    assert_eq!(file.len(), entry.len, "{path}");
                    let bytes = file.view(0..file.len());
                    let bytes = bytes.unwrap_or_else(|error| panic!("{path}: {error}"));
                    found.push((path, Some(bytes.into_owned())));
                }
            }
        }
    }
    found.sort();
    found
}

fn shapes(found: &[(String, Option<Vec<u8>>)]) -> Vec<(&str, Option<usize>)> {
    found.iter().map(|(path, bytes)| (path.as_str(), bytes.as_ref().map(Vec::len))).collect()
}

fn assert_same(a: &[(String, Option<Vec<u8>>)], b: &[(String, Option<Vec<u8>>)], when: &str) {
    assert_eq!(shapes(a), shapes(b), "{when}");
    assert!(a == b, "{when}: the same sizes, other bytes");
}

/// An empty store, mounted.
async fn fresh(name: &str) -> Opfs {
    Opfs::destroy(name).await.unwrap();
    Opfs::mount_or_create(name).await.unwrap()
}

#[wasm_bindgen_test]
async fn a_store_keeps_the_contract_for_writing() {
    let store = fresh("writing").await;
    contract::check_writing(&store);
    let seen = everything(&store);
    store.settle().await.unwrap();
    assert_same(&everything(&store), &seen, "settled");
    drop(store);
    let store = Opfs::mount("writing").await.unwrap();
    assert_same(&everything(&store), &seen, "mounted again");
    assert!(store.capacity().unwrap() > 1 << 20);

    // Once more, with names that the browser knows.
    for (path, bytes) in everything(&store) {
        if bytes.is_some() || store.list(&path).is_ok() {
            store.remove(&path).unwrap_or(());
        }
    }
    store.settle().await.unwrap();
    contract::check_writing(&store);
    store.settle().await.unwrap();
    assert_same(&everything(&store), &seen, "written over");
    drop(store);
    Opfs::destroy("writing").await.unwrap();
}

#[wasm_bindgen_test]
async fn what_is_open_goes_on_while_its_names_settle() {
    let store = fresh("open").await;
    let mut log = store.create("wal/00000000.tmp").unwrap();
    log.append(b"one").unwrap();
    store.settle().await.unwrap();
    let early = store.open("wal/00000000.tmp").unwrap();
    log.append(b" two").unwrap();
    store.rename("wal/00000000.tmp", "wal/00000000").unwrap();
    log.append(b" three").unwrap();
    store.settle().await.unwrap();
    log.append(b" four").unwrap();
    store.rename("wal", "log").unwrap();
    store.settle().await.unwrap();
    log.append(b" five").unwrap();
    log.sync().unwrap();
    let late = store.open("log/00000000").unwrap();
    store.remove("log").unwrap();
    store.settle().await.unwrap();
    log.append(b" unseen").unwrap();
    assert_eq!(early.view(0..early.len()).unwrap().as_ref(), b"one");
    assert_eq!(late.view(0..late.len()).unwrap().as_ref(), b"one two three four five");
    assert_eq!(store.list("").unwrap(), []);
    drop((early, late, log));
    store.settle().await.unwrap();

    // A file that is open for reading, replaced by one that is written.
    let mut file = store.create("file").unwrap();
    file.append(b"old").unwrap();
    drop(file);
    store.settle().await.unwrap();
    let old = store.open("file").unwrap();
    let mut new = store.create("file").unwrap();
    new.append(b"new").unwrap();
    store.settle().await.unwrap();
    assert_eq!(old.view(0..3).unwrap().as_ref(), b"old");
    assert_eq!(store.open("file").unwrap().view(0..3).unwrap().as_ref(), b"new");
    drop((old, new, store));
    Opfs::destroy("open").await.unwrap();
}

#[wasm_bindgen_test]
async fn more_files_than_may_be_open_are_written_and_read() {
    let store = fresh("many-new").await;
    let mut writers: Vec<Box<dyn WriteFile>> = Vec::new();
    for number in 0..150_u64 {
        let mut file = store.create(&format!("many/{number:08}")).unwrap();
        file.append(&pattern(300, number)).unwrap();
        if number % 50 == 0 {
            writers.push(file);
        }
        if number % 40 == 39 {
            store.settle().await.unwrap();
        }
    }
    store.settle().await.unwrap();
    for writer in &mut writers {
        writer.append(b"more").unwrap();
    }
    for number in 0..150 {
        let file = store.open(&format!("many/{number:08}")).unwrap();
        assert!(file.view(0..300).unwrap() == pattern(300, number), "{number}");
        assert_eq!(file.len(), if number % 50 == 0 { 304 } else { 300 });
    }
    drop((writers, store));
    Opfs::destroy("many-new").await.unwrap();
}

#[wasm_bindgen_test]
async fn what_waits_in_memory_is_bounded() {
    let store = fresh("waiting").await;
    let mut spares: Vec<Box<dyn WriteFile>> = Vec::new();
    for number in 0..16 {
        spares.push(store.create(&format!("spare/{number}")).unwrap());
    }
    let piece = pattern(3 << 20, 7);
    let (mut first, mut second) = (store.create("first").unwrap(), store.create("second").unwrap());
    for _ in 0..10 {
        first.append(&piece).unwrap();
        second.append(&piece).unwrap();
    }
    first.append(&piece).unwrap();
    let error = second.append(&piece).unwrap_err().to_string();
    assert!(error.contains("second") && error.contains("let the storage settle"), "{error}");
    assert_eq!(second.len(), 30 << 20, "nothing of it counts as written");
    spares[0].append(&piece).unwrap();

    // What has settled takes no memory, and neither does what is gone by then.
    store.remove("first").unwrap();
    drop(first);
    store.settle().await.unwrap();
    for _ in 0..15 {
        second.append(&piece).unwrap();
    }
    let file = store.open("second").unwrap();
    assert_eq!(file.len(), 25 * (3 << 20));
    for number in [0, 9, 10, 24] {
        let start = number * (3 << 20);
        assert!(file.view(start..start + (3 << 20)).unwrap() == piece, "{number}");
    }
    for number in 0..16 {
        spares.push(store.create(&format!("more/{number}")).unwrap());
    }
    let mut third = store.create("third").unwrap();
    for _ in 0..21 {
        third.append(&piece).unwrap();
    }
    assert!(third.append(&piece).is_err());
    drop((file, second, third, spares, store));
    Opfs::destroy("waiting").await.unwrap();
}

/// How often files were moved since the first call.
fn moves() -> f64 {
    let count = js_sys::Function::new_no_args(
        "const kind = FileSystemFileHandle.prototype;
         if (globalThis.moves === undefined) {
             const move = kind.move;
             globalThis.moves = 0;
             kind.move = function (...to) { globalThis.moves += 1; return move.apply(this, to); };
         }
         return globalThis.moves;",
    );
    count.call0(&wasm_bindgen::JsValue::NULL).unwrap().as_f64().unwrap()
}

#[wasm_bindgen_test]
async fn a_file_is_moved_once_to_the_name_it_has_in_the_end() {
    let store = fresh("moves").await;
    let mut index = store.create("block.tmp/index").unwrap();
    index.append(&pattern(2000, 5)).unwrap();
    for name in ["meta.json", "tombstones", "chunks/000001"] {
        let path = join("block.tmp", name);
        let temporary = format!("{path}.tmp");
        store.create(&temporary).unwrap().append(&pattern(300, 5)).unwrap();
        store.rename(&temporary, &path).unwrap();
    }
    store.rename("block.tmp", "block").unwrap();
    let seen = everything(&store);
    let before = moves();
    store.settle().await.unwrap();
    assert_eq!(moves() - before, 4.0);
    index.append(b"more").unwrap();
    drop(index);

    // What is renamed to be removed is not moved at all.
    store.rename("block", "block.tmp-for-deletion").unwrap();
    store.remove("block.tmp-for-deletion").unwrap();
    store.create("short/life").unwrap();
    store.remove("short/life").unwrap();
    let before = moves();
    store.settle().await.unwrap();
    assert_eq!(moves(), before);
    let seen_last = everything(&store);
    drop(store);
    let store = Opfs::mount("moves").await.unwrap();
    assert_same(&everything(&store), &seen_last, "mounted again");
    assert_eq!((seen.len(), seen_last), (6, vec![("short".to_owned(), None)]));
    drop(store);
    Opfs::destroy("moves").await.unwrap();
}

/// Numbers that a seed decides.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % end
    }
}

/// Files being written, in the store and in the model.
type Writers = Vec<(Box<dyn WriteFile>, Box<dyn WriteFile>)>;

/// One random change, to both; they must agree whether it can be done.
fn change(store: &dyn Storage, model: &dyn Storage, writers: &mut Writers, numbers: &mut Numbers) {
    let mut path = || {
        let names = ["a", "b", "c", "wal", "x.tmp", "meta.json"];
        let mut name = || names[numbers.below(6) as usize];
        let (first, second) = (name(), name());
        if numbers.below(3) == 0 { first.to_owned() } else { format!("{first}/{second}") }
    };
    let (from, to) = (path(), path());
    let agree = |what: &str, a: Result<()>, b: Result<()>| {
        assert_eq!(a.is_ok(), b.is_ok(), "{what} {from} {to}: {a:?}, in memory {b:?}");
    };
    match numbers.below(12) {
        0..=3 => match (store.create(&from), model.create(&from)) {
            (Ok(a), Ok(b)) => writers.push((a, b)),
            (a, b) => agree("create", a.map(drop), b.map(drop)),
        },
        4..=6 => {
            let bytes = pattern(numbers.below(5000) as usize, numbers.below(1 << 20));
            if let Some((a, b)) = writers.last_mut() {
                agree("append", a.append(&bytes), b.append(&bytes));
            }
        }
        7 => agree("rename", store.rename(&from, &to), model.rename(&from, &to)),
        8 => agree("remove", store.remove(&from), model.remove(&from)),
        9 => {
            // Two names of a file that grows are allowed to differ.
            writers.clear();
            agree("link", store.link(&from, &to), model.link(&from, &to));
        }
        10 => agree("create", store.create_directory(&from), model.create_directory(&from)),
        _ => {
            let len = writers.len() as u64;
            if len > 0 {
                drop(writers.swap_remove(numbers.below(len) as usize));
            }
        }
    }
}

#[wasm_bindgen_test]
async fn random_lives_are_as_in_memory() {
    for seed in 0..12 {
        let mut store = fresh("random").await;
        let model = Memory::default();
        let mut writers = Writers::new();
        let mut numbers = Numbers(seed);
        for step in 0..150 {
            change(&store, &model, &mut writers, &mut numbers);
            let when = format!("seed {seed}, step {step}");
            match numbers.below(30) {
                0..=2 => {
                    store.settle().await.unwrap_or_else(|error| panic!("{when}: {error}"));
                    assert_same(&everything(&store), &everything(&model), &when);
                }
                3 => {
                    writers.clear();
                    store.settle().await.unwrap_or_else(|error| panic!("{when}: {error}"));
                    drop(store);
                    store = Opfs::mount("random").await.unwrap();
                    assert_same(&everything(&store), &everything(&model), &when);
                }
                _ => {}
            }
        }
        drop(writers);
    }
    Opfs::destroy("random").await.unwrap();
}

/// Runs a future until it has been polled `polls` times. False when it was given up before its end.
async fn interrupted(future: impl Future<Output = Result<()>>, polls: usize) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        future.as_mut().poll(context).map(|done| {
            done.unwrap();
            true
        })
    })
    .await
}

/// A block is published over an older one, a log is cut, and a file is replaced.
fn publish(store: &dyn Storage) {
    for (name, len) in [("chunks/000001", 3000), ("index", 2000), ("tombstones", 9)] {
        let mut file = store.create(&join("block.tmp", name)).unwrap();
        file.append(&pattern(len, 5)).unwrap();
    }
    store.create("block.tmp/meta.json").unwrap().append(b"{\"new\":1}").unwrap();
    store.rename("block.tmp", "block").unwrap();
    store.remove("wal/00000000").unwrap();
    store.create("tombstones.tmp").unwrap().append(b"new tombstones").unwrap();
    store.rename("tombstones.tmp", "tombstones").unwrap();
    store.rename("older", "older.tmp-for-deletion").unwrap();
    store.remove("older.tmp-for-deletion").unwrap();
}

#[wasm_bindgen_test]
async fn a_tab_that_ends_anywhere_settles_as_a_whole_or_not_at_all() {
    let (mut before_seen, mut after_seen) = (0, 0);
    for polls in 0.. {
        let store = fresh("killed").await;
        for path in ["block/meta.json", "block/index", "older/meta.json", "older/chunks/000001"] {
            store.create(path).unwrap().append(&pattern(700, 1)).unwrap();
        }
        for path in ["wal/00000000", "wal/00000001", "tombstones"] {
            store.create(path).unwrap().append(&pattern(500, 2)).unwrap();
        }
        store.settle().await.unwrap();
        let before = everything(&store);
        publish(&store);
        let after = everything(&store);
        let ended = interrupted(store.settle(), polls).await;
        drop(store);

        let store = Opfs::mount("killed").await.unwrap();
        let found = everything(&store);
        let when = format!("{polls} polls");
        if shapes(&found) == shapes(&before) {
            assert!(!ended, "{when}: it had settled");
            assert_eq!(after_seen, 0, "{when}");
            assert_same(&found, &before, &when);
            before_seen += 1;
        } else {
            assert_same(&found, &after, &when);
            after_seen += 1;
        }
        drop(store);
        if ended {
            break;
        }
    }
    assert!(before_seen > 0 && after_seen > 10, "{before_seen} before, {after_seen} after");
    Opfs::destroy("killed").await.unwrap();
}
