//! Reading whole and damaged segments.

use super::*;
use crate::encoding::checksum;
use crate::storage::Memory;
use crate::wal::fragment::PAGE_SIZE;

fn fragment(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(checksum(data).to_be_bytes());
    bytes.extend(data);
    bytes
}

fn reader(bytes: &[u8]) -> SegmentReader {
    let storage = Memory::default();
    storage.put("wal/00000001", bytes).unwrap();
    SegmentReader::open(&storage, "wal/00000001", 0).unwrap()
}

/// Records as text, and what is said about holes between them.
fn read(bytes: &[u8]) -> Vec<String> {
    let mut reader = reader(bytes);
    let mut all = Vec::new();
    loop {
        let next = reader.next().map(|found| found.map(|record| record.payload.to_vec()));
        match next {
            Ok(Some(payload)) => all.push(String::from_utf8_lossy(&payload).into_owned()),
            Ok(None) => return all,
            Err(error) => {
                let found = reader.found();
                let help = error.damage().unwrap().help.to_string();
                let words = help.rsplit("00000001 ").next().unwrap();
                all.push(format!("hole {}..{}: {words}", found.start, found.end));
            }
        }
    }
}

fn three() -> Vec<u8> {
    [fragment(1, b"hello"), fragment(1, b"to the"), fragment(1, b"world")].concat()
}

#[test]
fn the_compressed_segments_of_the_sheet_read() {
    let snappy =
        b"\x09\x00\x06\x41\xd0\x43\x0e\x40\x00\x61\xfa\x01\x00\x01\x00\x02\xda\x06\xef\x2cxy";
    assert_eq!(read(snappy), ["a".repeat(64), "xy".to_owned()]);
    let zstd = b"\x11\x00\x15\x1a\x50\x34\x3e\x28\xb5\x2f\xfd\x04\x00\x45\x00\x00\x08\x61\x01\x54\
        \x01\x02\x27\x24\xe2\x22\x93\xaa\x01\x00\x02\xda\x06\xef\x2cxy";
    assert_eq!(read(zstd), ["a".repeat(64), "xy".to_owned()]);
}

#[test]
fn a_record_of_one_plain_fragment_knows_where_it_stands() {
    let bytes = three();
    let mut reader = reader(&bytes);
    reader.next().unwrap();
    let record = reader.next().unwrap().unwrap();
    assert_eq!((record.start, record.end, record.payload_offset), (12, 25, Some(19)));
    assert_eq!((record.fragments, record.compression), (1, Compression::None));
}

#[test]
fn long_records_come_in_fragments() {
    let data: Vec<u8> = (0..100_000u32).map(|at| b'a' + (at % 26) as u8).collect();
    let size = PAGE_SIZE - HEADER_SIZE;
    let mut bytes = fragment(2, &data[..size]);
    bytes.extend(fragment(3, &data[size..2 * size]));
    bytes.extend(fragment(3, &data[2 * size..3 * size]));
    bytes.extend(fragment(4, &data[3 * size..]));
    bytes.extend(fragment(1, b"next"));
    let mut reader = reader(&bytes);
    let record = reader.next().unwrap().unwrap();
    assert_eq!((record.payload, record.fragments), (data.as_slice(), 4));
    assert_eq!(reader.next().unwrap().unwrap().payload, b"next");
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn what_upstream_takes_for_good_is_good() {
    assert_eq!(read(&[]), [""; 0]);
    let mut padded = three();
    padded.resize(PAGE_SIZE, 0);
    assert_eq!(read(&padded), ["hello", "to the", "world"]);
    padded.extend(three());
    assert_eq!(read(&padded).len(), 6);
    let only_type_byte = [three(), vec![1]].concat();
    assert_eq!(read(&only_type_byte), ["hello", "to the", "world", ""]);
    let missing_zeros = [three(), fragment(1, b"ab\0\0")[..9].to_vec()].concat();
    assert_eq!(read(&missing_zeros)[3], "ab\0\0");
    let mut reserved = three();
    reserved[0] |= 0xe0;
    assert_eq!(read(&reserved), ["hello", "to the", "world"]);
}

#[test]
fn every_damage_of_the_sheet_is_named_in_upstreams_words_and_passed() {
    let flipped = |at: usize, bit: u8| {
        let mut bytes = three();
        bytes[at] ^= bit;
        bytes
    };
    let found = checksum(b"to(the");
    let words = format!("unexpected checksum {found:x}, expected {:x}", checksum(b"to the"));
    assert_eq!(read(&flipped(21, 8)), ["hello", &format!("hole 12..25: at 25: {words}"), "world"]);

    let invalid = read(&flipped(12, 7));
    assert_eq!(invalid[1], "hole 12..25: at 25: unexpected record type 6");
    assert_eq!(invalid[2], "world");

    let page_end = read(&flipped(12, 1));
    assert_eq!(page_end[1], "hole 12..25: at 32768: unexpected non-zero byte in padded page");
    assert_eq!(page_end[2], "world");

    let too_long = read(&flipped(13, 0xff));
    assert_eq!(too_long[1], "hole 12..25: at 19: invalid record size 65286");
    assert_eq!(too_long[2], "world", "found by searching the page");

    let longer = read(&flipped(13, 1));
    assert!(longer[1].starts_with("hole 12..25: at 281: unexpected checksum"), "{longer:?}");
    assert_eq!(longer[2], "world");
}

#[test]
fn fragments_out_of_sequence_cost_only_their_record() {
    let [first, middle, last, full] = [2, 3, 4, 1].map(|kind| fragment(kind, b"xx"));
    let case =
        |parts: &[&Vec<u8>]| read(&parts.iter().copied().flatten().copied().collect::<Vec<_>>());
    assert_eq!(case(&[&first, &full]), ["hole 0..9: at 18: unexpected full record", "xx"]);
    assert_eq!(
        case(&[&first, &first, &last]),
        ["hole 0..9: at 18: unexpected first record, dropping buffer", "xxxx"]
    );
    assert_eq!(
        case(&[&middle, &last, &full]),
        ["hole 0..18: at 9: unexpected middle record, dropping buffer", "xx"]
    );
    assert_eq!(
        case(&[&full, &last]),
        ["xx", "hole 9..18: at 18: unexpected last record, dropping buffer"]
    );
    assert_eq!(case(&[&full, &first]), ["xx", "hole 9..18: at 32768: last record is torn"]);
}

#[test]
fn a_hole_ends_at_the_page_when_nothing_in_it_is_intact() {
    let mut bytes = three();
    bytes[1] = 0xff;
    bytes[12..].fill(0x55);
    bytes.resize(PAGE_SIZE, 0x55);
    bytes.extend(three());
    let all = read(&bytes);
    assert!(all[0].starts_with("hole 0..32768"), "{all:?}");
    assert_eq!(all[1..], ["hello", "to the", "world"]);
}

#[test]
fn undecodable_records_are_holes() {
    let bytes = [fragment(9, b"\x05no"), fragment(0x11, b"no zstd"), fragment(1, b"ok")].concat();
    let all = read(&bytes);
    assert_eq!(all.len(), 3);
    assert!(all[0].starts_with("hole 0..10") && all[1].starts_with("hole 10..24"), "{all:?}");
    assert_eq!(all[2], "ok");
}

#[test]
fn cut_anywhere_and_flipped_anywhere_it_ends_and_keeps_the_rest() {
    let bytes = [three(), fragment(2, b"one"), fragment(4, b"two"), three()].concat();
    for cut in 0..bytes.len() {
        let whole = read(&bytes[..cut]).iter().filter(|text| !text.starts_with("hole")).count();
        assert!(whole >= (cut / 13).min(3), "cut at {cut}");
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[cut] ^= 1 << bit;
            let whole = read(&flipped).iter().filter(|text| !text.starts_with("hole")).count();
            assert!(whole >= 6, "bit {bit} of byte {cut}");
        }
    }
}

/// The log of the format sheet's tiny database: three series, eleven floats, one histogram.
const TINY_LOG: &str = "010056ec6a6c3f01000000000000000102085f5f6e616d655f5f027570036a6f6201610000\
    00000000000203085f5f6e616d655f5f027570036a6f620162047a6f6e65026575000000000000000301085f5f6e61\
    6d655f5f046869737401008afe571a5202000000000000000100000000000003e800003ff000000000000000d00f3f\
    f000000000000000a01f000000000000000000f02e400400000000000000c03e7ff000000000000200904e401c0000\
    0000000000e05d401c00000000000000b06d401c00000000000000807d401c00000000000000d08c01401c00000000\
    000002e807bff00000000000000100334e438b6107000000000000000300000000000007d00000000237f000000000\
    0000010540240000000000000200020202000402000203";

#[test]
fn the_log_of_a_tiny_database_reads_to_its_last_zero() {
    use crate::wal::{Record, RecordDecoder};

    let digits = |at: usize| u8::from_str_radix(&TINY_LOG[at..at + 2], 16).unwrap();
    let mut bytes: Vec<u8> = (0..TINY_LOG.len()).step_by(2).map(digits).collect();
    for padded in [bytes.len(), PAGE_SIZE] {
        bytes.resize(padded, 0);
        let mut reader = reader(&bytes);
        let mut decoder = RecordDecoder::default();
        let mut told = Vec::new();
        while reader.advance().unwrap() {
            let record = reader.record().unwrap();
            told.push(match decoder.decode(&record, "wal/00000001").unwrap() {
                Record::Series(entries) => {
                    entries.iter().map(|entry| entry.labels.to_string()).collect::<Vec<_>>()
                }
                Record::Samples(entries) => {
                    entries.iter().map(|e| format!("{} {} {}", e.series, e.time, e.value)).collect()
                }
                Record::Histograms(entries) => {
                    entries.iter().map(|e| format!("{} {}", e.series, e.time)).collect()
                }
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(told[0], [r#"up{job="a"}"#, r#"up{job="b", zone="eu"}"#, "hist"]);
        assert_eq!(told[1].len(), 11);
        assert_eq!((told[1][2].as_str(), told[1][10].as_str()), ("1 3000 0", "2 1500 -1"));
        assert_eq!(told[2], ["3 2000"]);
    }
}
