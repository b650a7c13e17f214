//! Writes what fuzzing starts from: pieces of the fixtures, one folder for each target of
//! `core/fuzz`. `cargo xtask fuzz` runs this first.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chunkscope::block::{read_chunk_file_header, read_chunk_record};
use chunkscope::db::{self, OpenOptions};
use chunkscope::encoding::{Reader, checksum};
use chunkscope::event::Job;
use chunkscope::head::MappedFileReader;
use chunkscope::query::ReadStats;
use chunkscope::storage::{Memory, Storage};
use chunkscope::types::TimeRange;
use chunkscope::wal::SegmentReader;
use chunkscope_tests::fixtures::{self, Fixture};
use chunkscope_tests::scenario::bytes_of;

/// Larger files teach the fuzzer nothing that smaller ones do not, and slow it down.
const LARGEST: usize = 48 << 10;
/// Seeds of one kind; a kind is an encoding, the type of a record, the name of a file.
const MOST_OF_A_KIND: usize = 24;

/// The name of a block in the inputs of the target `directory`.
const BLOCK: &str = "01M7W9S29P9TR0PYK684K7T29N";

/// Where the seeds go.
struct Seeds {
    folder: PathBuf,
    written: BTreeMap<(String, u64), usize>,
}

impl Seeds {
    /// Writes a seed of `target`, if there are not enough of its kind.
    fn add(&mut self, target: &str, kind: u64, bytes: &[u8]) {
        if bytes.len() > LARGEST {
            return;
        }
        let written = self.written.entry((target.to_owned(), kind)).or_default();
        let folder = self.folder.join(target);
        let path = folder.join(format!("{:08x}-{}", checksum(bytes), bytes.len()));
        if *written < MOST_OF_A_KIND && !path.exists() {
            *written += 1;
            fs::create_dir_all(&folder).expect("the folder of seeds can be made");
            fs::write(&path, bytes).expect("a seed can be written");
        }
    }
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("fuzz_seeds FOLDER"));
    let mut seeds = Seeds { folder, written: BTreeMap::new() };
    let exemplar = "a_total{x=\"y\\n\"} 1 1.5 # {id=\"z\"} 2 1\n# TYPE b gauge\nb NaN 3e2\n# EOF\n";
    seeds.add("openmetrics", 1, exemplar.as_bytes());
    (0..24).for_each(|seed| seeds.add("db_steps", 0, &bytes_of(seed)));
    for fixture in fixtures::damaged().iter().chain(&fixtures::healthy()) {
        let files = files(&fixture.data());
        for (path, bytes) in &files {
            file(path, bytes, &mut seeds);
        }
        directory(&files, &mut seeds);
        archive(&files, &mut seeds);
        selectors(fixture, &mut seeds);
        openmetrics(fixture, &mut seeds);
    }
    for ((target, kind), count) in &seeds.written {
        println!("{target:16} kind {kind:3}: {count} seeds");
    }
}

/// All files below a folder, by their paths in it.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below");
                let bytes = fs::read(&path).expect("a file can be read");
                found.push((name.to_string_lossy().replace('\\', "/"), bytes));
            }
        }
    }
    found.sort();
    found
}

/// The seeds that one file gives.
fn file(path: &str, bytes: &[u8], seeds: &mut Seeds) {
    let name = path.rsplit('/').next().unwrap_or_default();
    let inspected = |number: u8| [&[number], bytes].concat();
    if path.starts_with("wal/") || path.starts_with("wbl/") {
        seeds.add("wal_segment", 0, bytes);
        seeds.add("inspect", 0, &inspected(0));
        records(bytes, "wal_record", seeds);
    } else if path.starts_with("chunk_snapshot.") {
        seeds.add("wal_segment", 1, bytes);
        seeds.add("inspect", 6, &inspected(6));
        records(bytes, "snapshot_record", seeds);
    } else if path.starts_with("chunks_head/") {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        seeds.add("head_chunks", 0, &bytes[..end]);
        seeds.add("inspect", 1, &[&[1], &bytes[..end]].concat());
        head_chunks(bytes, seeds);
    } else if path.contains("/chunks/") {
        seeds.add("block_chunks", 0, bytes);
        seeds.add("inspect", 3, &inspected(3));
        block_chunks(bytes, seeds);
    } else if let Some(number) =
        ["index", "chunks", "tombstones", "meta.json"].iter().position(|known| *known == name)
    {
        seeds.add(name.trim_end_matches(".json"), 0, bytes);
        seeds.add("inspect", 2 + number as u64, &inspected(2 + number as u8));
    } else if name == "queries.active" {
        seeds.add("inspect", 7, &inspected(7));
    }
}

/// The decompressed records of a segment.
fn records(bytes: &[u8], target: &str, seeds: &mut Seeds) {
    let storage = Memory::default();
    storage.put("wal/00000000", bytes).expect("a plain path");
    let opened = SegmentReader::open(&storage, "wal/00000000", 0);
    let mut reader = opened.expect("the file is there");
    loop {
        match reader.next() {
            Ok(None) => return,
            Ok(Some(record)) => {
                let kind = record.payload.first().copied().unwrap_or_default();
                seeds.add(target, u64::from(kind), record.payload);
            }
            Err(_) => {} // a fixture may be damaged; what follows is read
        }
    }
}

fn head_chunks(bytes: &[u8], seeds: &mut Seeds) {
    let storage = Memory::default();
    storage.put("chunks_head/000001", bytes).expect("a plain path");
    let file = storage.open("chunks_head/000001").expect("the file is there");
    let mut reader = MappedFileReader::new(file, "chunks_head/000001");
    while let Ok(Some(chunk)) = reader.next() {
        let kind = chunk.encoding_byte;
        seeds.add("chunk", u64::from(kind), &[&[kind], chunk.data].concat());
    }
}

fn block_chunks(bytes: &[u8], seeds: &mut Seeds) {
    let mut reader = Reader::new(bytes, 0);
    if read_chunk_file_header(&mut reader).is_err() {
        return;
    }
    while let Ok(record) = read_chunk_record(&mut reader) {
        let kind = record.encoding.byte();
        seeds.add("chunk", u64::from(kind), &[&[kind], record.data].concat());
    }
}

/// A small directory as one input: the name's number, the length, the content of each file.
fn directory(files: &[(String, Vec<u8>)], seeds: &mut Seeds) {
    let names = [
        "wal/00000000",
        "wal/00000001",
        "wal/00000002",
        "wal/checkpoint.00000001/00000000",
        "wbl/00000000",
        "wbl/00000001",
        "chunks_head/000001",
        "chunks_head/000002",
        "chunks_head/000003",
        "chunk_snapshot.000001.0000000000/00000000",
        "BLOCK/meta.json",
        "BLOCK/index",
        "BLOCK/chunks/000001",
        "BLOCK/tombstones",
    ];
    let is_block = |name: &str| name.len() == BLOCK.len() && name.starts_with("01");
    let block = files.iter().find_map(|(path, _)| {
        let folder = path.split('/').next().unwrap_or_default();
        is_block(folder).then(|| folder.to_owned())
    });
    let mut input = Vec::new();
    for (path, bytes) in files {
        let path = match &block {
            Some(block) => path.replace(block.as_str(), "BLOCK"),
            None => path.clone(),
        };
        let Some(number) = names.iter().position(|name| *name == path) else { continue };
        let Ok(length) = u16::try_from(bytes.len()) else { continue };
        input.push(number as u8);
        input.extend(length.to_be_bytes());
        input.extend(bytes);
    }
    seeds.add("directory", u64::from(block.is_some()), &input);
}

/// A small directory as a tar archive, and that compressed.
fn archive(files: &[(String, Vec<u8>)], seeds: &mut Seeds) {
    let mut tar = Vec::new();
    for (path, bytes) in files {
        let mut header = [0; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend(header);
        tar.extend(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    seeds.add("archive", 0, &tar);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&tar).expect("a vector takes all");
    seeds.add("archive", 1, &packed.finish().expect("a vector takes all"));
}

/// Text as a target or an export gives it.
fn openmetrics(fixture: &Fixture, seeds: &mut Seeds) {
    let Ok(opened) = db::Open::new(fixture.storage(), OpenOptions::default()).run() else { return };
    let mut text = String::new();
    let mut stats = ReadStats::default();
    let written = db::export_openmetrics(&opened, &[], TimeRange::ALL, &mut stats, &mut |part| {
        text.push_str(part);
        Ok(())
    });
    if written.is_ok() {
        let some: Vec<&str> = text.lines().step_by(1 + text.len() / 4000).collect();
        seeds.add("openmetrics", 0, format!("{}\n# EOF\n", some.join("\n")).as_bytes());
    }
}

/// The selectors among the queries.
fn selectors(fixture: &Fixture, seeds: &mut Seeds) {
    for line in fixture.json_lines("queries.jsonl").unwrap_or_default() {
        let text = line["query"].as_str().unwrap_or_default();
        if text.contains('{') {
            seeds.add("selector", 0, text.as_bytes());
        }
    }
    for line in fixture.json_lines("select.jsonl").unwrap_or_default() {
        let matchers = line["matchers"].as_array().cloned().unwrap_or_default();
        let shown: Vec<String> =
            matchers.iter().map(|m| format!("{}{}{}", text(&m[0]), text(&m[1]), m[2])).collect();
        seeds.add("selector", 1, format!("{{{}}}", shown.join(",")).as_bytes());
    }
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
