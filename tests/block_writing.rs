//! Blocks that real Prometheus wrote, written again from what is read of them: the same bytes.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::Arc;

use chunkscope::block::index::{read_offset_table, read_postings};
use chunkscope::block::{self, Block, BlockMeta, BlockWriter, BlockWriterOptions};
use chunkscope::encoding::Reader;
use chunkscope::event::Job;
use chunkscope::query::ChunkSource;
use chunkscope::storage::{EntryKind, Memory, Storage, join, read_whole};
use chunkscope::tombstones::{read_tombstones, write_tombstones};
use chunkscope::types::TimeRange;
use chunkscope_tests::fixtures;
use chunkscope_tests::unmapped::Unmapped;

fn bytes(storage: &dyn Storage, path: &str) -> Vec<u8> {
    read_whole(storage, path, u64::MAX).unwrap()
}

/// Writes `block` again, into the root of a new storage.
fn rewritten(block: &Block, segment_size: u64) -> Arc<dyn Storage> {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let options = BlockWriterOptions { segment_size };
    let mut writer = BlockWriter::create(&storage, "", block.id(), &options).unwrap();
    for symbol in block.symbols(0).unwrap() {
        writer.add_symbol(&symbol.unwrap()).unwrap();
    }
    let mut cursor = block.series(TimeRange::ALL, 0).unwrap();
    while cursor.advance().unwrap() {
        let mut chunks = Vec::new();
        cursor.chunks(&mut chunks).unwrap();
        writer.add_series(cursor.labels(), &chunks).unwrap();
    }
    drop(cursor);
    writer.finish(block.meta().clone()).run().unwrap().unwrap();
    storage
}

type Postings = BTreeMap<(Vec<u8>, Vec<u8>), Vec<u8>>;

fn postings(index: &[u8], table: u64) -> Postings {
    let mut r = Reader::new(&index[table as usize..], table);
    let mut found = BTreeMap::new();
    let add = |entry: block::index::OffsetEntry<'_>| {
        let list = Reader::new(&index[entry.offset as usize..], entry.offset);
        let list = read_postings(&mut { list }).unwrap().to_vec();
        found.insert((entry.name.to_vec(), entry.value.to_vec()), list);
    };
    read_offset_table(&mut r, add).unwrap();
    found
}

#[test]
fn every_block_is_written_as_it_was() {
    let (mut identical, mut with_label_indices) = (0, 0);
    for fixture in fixtures::healthy() {
        let storage = fixture.storage();
        // One chunk of this one is broken: it cannot be copied.
        let broken = "01M7WADR3QCK3C00KPNFRP5ZQ6";
        for entry in block::list(&*storage, "").unwrap().loaded() {
            if entry.directory == broken {
                continue;
            }
            let block = entry.open(&storage).unwrap();
            let place = format!("{} {}", fixture.name, entry.directory);
            let files: Vec<(String, u64)> =
                block.chunks().files().map(|(path, len)| (path.to_owned(), len)).collect();
            // One fixture was written with small segments.
            let segment_size = if files.len() > 1 { 8 << 10 } else { 512 << 20 };
            let written = rewritten(&block, segment_size);
            for (path, _) in &files {
                assert!(bytes(&*storage, path) == bytes(&*written, path), "{place}: {path}");
            }
            assert_eq!(written.list(&join(&entry.directory, "chunks")).unwrap().len(), files.len());
            let path = join(&entry.directory, "index");
            let (old, new) = (bytes(&*storage, &path), bytes(&*written, &path));
            let toc = *block.index().unwrap().toc().unwrap();
            if toc.label_indices_section().is_empty() {
                assert!(old == new, "{place}: index");
                identical += 1;
            } else {
                let copy = Block::open(&written, &entry.directory).unwrap();
                let new_toc = *copy.index().unwrap().toc().unwrap();
                let end = new_toc.postings as usize;
                assert!(old[..end] == new[..end], "{place}: symbols and series");
                let lists = postings(&old, toc.postings_offset_table);
                assert!(lists == postings(&new, new_toc.postings_offset_table), "{place}");
                with_label_indices += 1;
            }
        }
    }
    println!("{identical} identical, {with_label_indices} but for label indices");
    assert!(identical >= 10, "{identical} identical, {with_label_indices} but for label indices");
}

/// What cannot be borrowed is copied, with the same result.
#[test]
fn a_storage_without_mapped_files_gives_the_same_blocks() {
    for name in ["wide", "overlap"] {
        let storage = fixtures::named(name).storage();
        let unmapped: Arc<dyn Storage> = Arc::new(Unmapped(Arc::clone(&storage)));
        for entry in block::list(&*storage, "").unwrap().loaded() {
            let mapped = rewritten(&entry.open(&storage).unwrap(), 512 << 20);
            let copied = rewritten(&entry.open(&unmapped).unwrap(), 512 << 20);
            for file in ["index", "chunks/000001", "meta.json"] {
                let path = join(&entry.directory, file);
                assert!(bytes(&*mapped, &path) == bytes(&*copied, &path), "{path}");
            }
        }
    }
}

#[test]
fn descriptions_and_tombstones_are_written_as_they_were() {
    let mut blocks = 0;
    for fixture in fixtures::healthy() {
        let storage = fixture.storage();
        for entry in block::list(&*storage, "").unwrap().loaded() {
            let path = join(&entry.directory, "meta.json");
            let json = bytes(&*storage, &path);
            let again = BlockMeta::parse(&json).unwrap().to_json();
            // A few were prepared by a script, which sorted the fields.
            if json.starts_with(b"{\n\t\"ulid\"") {
                assert_eq!(String::from_utf8(again), String::from_utf8(json), "{path}");
                blocks += 1;
            }
            let path = join(&entry.directory, "tombstones");
            let file = bytes(&*storage, &path);
            let tombstones = read_tombstones(&mut Reader::new(&file, 0)).unwrap();
            // Upstream's order is that of a hash table.
            let again = write_tombstones(&tombstones);
            assert_eq!(read_tombstones(&mut Reader::new(&again, 0)).unwrap(), tombstones, "{path}");
            assert!(tombstones.interval_count() > 1 || again == file, "{path}");
        }
    }
    assert!(blocks >= 10, "{blocks} blocks");
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let fixture = fixtures::named("wide");
    let source = fixture.storage();
    let entry = block::list(&*source, "").unwrap().loaded().next().unwrap().clone();
    let block = entry.open(&source).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let options = BlockWriterOptions::default();
    let mut writer = BlockWriter::create(&storage, "", block.id(), &options).unwrap();
    for symbol in block.symbols(0).unwrap() {
        writer.add_symbol(&symbol.unwrap()).unwrap();
    }
    let names = |storage: &Arc<dyn Storage>| storage.list("").unwrap();
    assert_eq!(names(&storage)[0].name, format!("{}.tmp-for-creation", block.id()));
    assert!(writer.add_symbol(b"").is_err(), "symbols ascend");
    drop(writer);
    assert_eq!(names(&storage), []);
    // Without a sample there is no block.
    let writer = BlockWriter::create(&storage, "", block.id(), &options).unwrap();
    assert_eq!(writer.finish(BlockMeta::default()).run().unwrap(), None);
    assert_eq!(names(&storage).iter().filter(|e| e.kind == EntryKind::Directory).count(), 0);
}
