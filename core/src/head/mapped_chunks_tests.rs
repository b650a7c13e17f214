//! Head chunk files, whole and damaged.

use super::*;
use crate::storage::Memory;

const HEADER: [u8; 8] = [0x01, 0x30, 0xbc, 0x91, 1, 0, 0, 0];
const FIRST: &str = "000000000000000100000000000003e800000000000003e8010c0001d00f3ff0000000000000\
    34181cb1";
const SECOND: &str = "000000000000000100000000000007d000000000000007d0010c0001a01f3ff0000000000000\
    3960fb73";
const OUT_OF_ORDER: &str = "00000000000000010000000000000bb80000000000000bb8810c0001f02e401c0000\
    00000000357aa233";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn file(records: &[&str], zeros: usize) -> Vec<u8> {
    let mut all = HEADER.to_vec();
    records.iter().for_each(|record| all.extend(bytes(record)));
    all.resize(all.len() + zeros, 0);
    all
}

/// Offsets of the intact records, and what is said in between.
fn read(content: &[u8]) -> Vec<String> {
    let storage = Memory::default();
    storage.put("chunks_head/000001", content).unwrap();
    let file = storage.open("chunks_head/000001").unwrap();
    let mut reader = MappedFileReader::new(file, "chunks_head/000001");
    let mut all = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(chunk)) => all.push(chunk.offset.to_string()),
            Ok(None) => return all,
            Err(error) => all.push(error.damage().unwrap().at.to_string()),
        }
        assert!(all.len() < 10, "reading ends");
    }
}

#[test]
fn the_golden_records_read() {
    let content = file(&[FIRST, SECOND, OUT_OF_ORDER], 0);
    let mut r = Reader::new(&content, 0);
    read_header(&mut r).unwrap();
    let first = read_mapped_chunk(&mut r).unwrap().unwrap();
    assert_eq!((first.series, first.range), (SeriesRef(1), TimeRange::new(1000, 1000)));
    assert_eq!((first.encoding(), first.out_of_order), (Some(Encoding::Xor), false));
    assert_eq!((first.offset, first.data_offset, first.data.len()), (8, 34, 12));
    read_mapped_chunk(&mut r).unwrap().unwrap();
    let late = read_mapped_chunk(&mut r).unwrap().unwrap();
    assert_eq!((late.encoding(), late.out_of_order), (Some(Encoding::Xor), true));
    assert_eq!(late.range.min_time, 3000);
    assert!(read_mapped_chunk(&mut r).unwrap().is_none());
}

#[test]
fn zeros_end_a_file() {
    for zeros in [0, 1, 33, 34, 100, 5000] {
        assert_eq!(read(&file(&[FIRST, SECOND], zeros)), ["8", "50"], "{zeros} zeros");
    }
    assert_eq!(read(&HEADER), [""; 0]);
    let mut stray = file(&[FIRST], 20);
    stray[60] = 7;
    assert_eq!(read(&stray), ["8", "chunks_head/000001 @ 0x32, field record"]);
}

#[test]
fn the_scan_goes_on_behind_a_wrong_checksum() {
    let mut content = file(&[FIRST, SECOND, OUT_OF_ORDER], 40);
    content[60] ^= 1;
    assert_eq!(read(&content), ["8", "chunks_head/000001 @ 0x58, field checksum", "92"]);
    // With a wrong length nothing is certain: the rest of the file is given up.
    let mut content = file(&[FIRST, SECOND, OUT_OF_ORDER], 40);
    content[50 + 25] ^= 1;
    assert_eq!(read(&content), ["8", "chunks_head/000001 @ 0x59, field checksum"]);
    let mut magic = content;
    magic[0] = 0x42;
    assert_eq!(read(&magic), ["chunks_head/000001 @ 0x0, field magic"]);
}

#[test]
fn a_reference_leads_to_its_chunk() {
    let storage = Memory::default();
    storage.put("chunks_head/000001", file(&[FIRST, SECOND], 9)).unwrap();
    let file = storage.open("chunks_head/000001").unwrap();
    let (encoding, data) = read_chunk_at(file.as_ref(), ChunkRef::new(1, 50)).unwrap();
    assert_eq!((encoding, data.len()), (Encoding::Xor, 12));
    assert!(read_chunk_at(file.as_ref(), ChunkRef::new(1, 51)).is_err());
    assert!(read_chunk_at(file.as_ref(), ChunkRef::new(1, 92)).is_err());
    assert!(read_chunk_at(file.as_ref(), ChunkRef::new(1, 4_000_000)).is_err());
}

#[test]
fn names_are_numbers_without_a_gap() {
    let storage = Memory::default();
    for name in ["000001", "000002", "000004", "notes", "000005"] {
        storage.put(&format!("chunks_head/{name}"), file(&[FIRST], 0)).unwrap();
    }
    storage.put("chunks_head/000006", vec![0; 4096]).unwrap();
    let MappedFiles { files, findings, .. } = list_mapped_files(&storage).unwrap();
    let numbers: Vec<_> = files.iter().map(|file| file.number).collect();
    assert_eq!(numbers, [1, 2, 4, 5]);
    let paths: Vec<_> = findings.iter().map(|finding| finding.at.path.as_str()).collect();
    assert_eq!(paths, ["chunks_head/000006", "chunks_head/000004"]);
    assert!(list_mapped_files(&Memory::default()).unwrap().files.is_empty());
}

#[test]
fn a_file_that_was_only_begun_leaves_no_gap() {
    let storage = Memory::default();
    storage.put("chunks_head/000001", file(&[FIRST], 0)).unwrap();
    storage.put("chunks_head/000014", Vec::new()).unwrap();
    let MappedFiles { files, begun, findings } = list_mapped_files(&storage).unwrap();
    assert_eq!(files.iter().map(|file| file.number).collect::<Vec<_>>(), [1]);
    assert_eq!(begun.map(|file| file.number), Some(14));
    assert!(findings.iter().all(|finding| finding.severity == Severity::Note), "{findings:?}");
}

#[test]
fn cut_anywhere_and_flipped_anywhere_it_ends() {
    let content = file(&[FIRST, SECOND, OUT_OF_ORDER], 50);
    for at in 0..content.len() {
        read(&content[..at]);
        for bit in 0..8 {
            let mut flipped = content.clone();
            flipped[at] ^= 1 << bit;
            read(&flipped);
        }
    }
}
