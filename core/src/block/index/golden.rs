//! The index of a tiny block that Prometheus 3.14.0 wrote, byte for byte.

use super::super::window::SEQUENTIAL;
use super::offsets::OffsetTable;
use super::*;
use crate::encoding::{FieldTree, Reader};
use crate::labels::{Labels, MatchOperator, Matcher};
use crate::storage::{Memory, Storage};
use crate::types::{ChunkRef, SeriesRef, TimeRange};

/// Labels: `hist`; `up{job="a"}` with ten chunks; `up{job="b",zone="eu"}`.
pub(in super::super) const INDEX: &str = "\
    baaad70002000000260000000900085f5f6e616d655f5f016101620265750468697374036a6f62027570047a6f6e65\
    eb54f836000000000000000000000000000801010501a01f0008fb9c72fa0000002e02010706020ad00f0023e80700\
    24e8070024e8070024e8070024e8070024e8070024e8070024e8070024e807002603b2677a00000000000000000000\
    0000000d0301070603080401b81700d9011fb32126000000000010000000030000000400000005000000096d2f1aa6\
    00000008000000010000000473a34a390000000c000000020000000500000009661765ec0000000800000001000000\
    0581c8c93a000000080000000100000009cc8b06ea000000080000000100000009cc8b06ea00000046000000060200\
    00a40102085f5f6e616d655f5f0468697374bc0102085f5f6e616d655f5f027570cc0102036a6f620161e00102036a\
    6f620162f00102047a6f6e6502657580022390e6e30000000000000005000000000000003300000000000000a20000\
    00000000011000000000000000a20000000000000110d00deb8e";

pub(in super::super) fn bytes(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    hex.as_bytes().chunks(2).map(|two| digit(two[0]) << 4 | digit(two[1])).collect()
}

fn opened(bytes: Vec<u8>) -> crate::error::Result<Index> {
    let storage = Memory::default();
    storage.put("block/index", bytes).unwrap();
    Index::open(&storage, "block/index", false)
}

fn series() -> [(SeriesRef, Labels); 3] {
    [
        (SeriesRef(4), Labels::from_pairs([("__name__", "hist")])),
        (SeriesRef(5), Labels::from_pairs([("__name__", "up"), ("job", "a")])),
        (SeriesRef(9), Labels::from_pairs([("__name__", "up"), ("job", "b"), ("zone", "eu")])),
    ]
}

fn all(index: &Index) -> Vec<(SeriesRef, Labels)> {
    let (mut entries, mut entry) = (index.entries(), SeriesEntry::default());
    let mut cache = SymbolCache::default();
    let found = index.select(&[]).unwrap_or_default();
    let read = found.into_iter().filter_map(|reference| {
        entries.read(reference, &mut entry).ok()?;
        Some((reference, index.labels(&entry, &mut cache).ok()?))
    });
    read.collect()
}

#[test]
fn every_section_reads_as_upstream_wrote_it() {
    let index = opened(bytes(INDEX)).unwrap();
    assert_eq!((index.len(), index.version()), (402, 2));
    let toc = index.toc().unwrap();
    assert_eq!((toc.symbols, toc.series_section(), toc.postings_section()), (5, 51..162, 162..272));
    assert_eq!((toc.postings_offset_table, toc.toc), (272, 350));
    let symbols: Vec<String> = (0..9).map(|n| index.symbol(n).unwrap()).collect();
    assert_eq!(symbols, ["", "__name__", "a", "b", "eu", "hist", "job", "up", "zone"]);
    assert!(index.symbol(9).is_err());
    assert_eq!(all(&index), series());
    assert_eq!(
        index.label_names().unwrap().into_iter().collect::<Vec<_>>(),
        ["__name__", "job", "zone"]
    );
    assert_eq!(index.label_values("job").unwrap().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    let up = Matcher::new("__name__", MatchOperator::Equal, "up").unwrap();
    let not_eu = Matcher::new("zone", MatchOperator::NotEqual, "eu").unwrap();
    assert_eq!(index.select(&[up, not_eu]).unwrap(), [SeriesRef(5)]);
    assert_eq!(index.problems(), []);
}

#[test]
fn chunks_are_found_by_differences() {
    let index = opened(bytes(INDEX)).unwrap();
    let mut entry = SeriesEntry::default();
    index.entries().read(SeriesRef(5), &mut entry).unwrap();
    let offsets: Vec<u32> = entry.chunks.iter().map(|chunk| chunk.reference.offset()).collect();
    assert_eq!(offsets, [35, 53, 71, 89, 107, 125, 143, 161, 179, 198]);
    index.entries().read(SeriesRef(9), &mut entry).unwrap();
    let expected =
        ChunkMeta { time_range: TimeRange::new(1500, 1500), reference: ChunkRef::new(0, 217) };
    assert_eq!(entry.chunks, [expected]);
}

#[test]
fn the_decoders_name_every_field() {
    let file = bytes(INDEX);
    let mut tree = FieldTree::with_limit(1000);
    let mut r = Reader::traced(&file, 0, &mut tree);
    assert_eq!(read_header(&mut r).unwrap(), 2);
    assert_eq!(read_symbols(&mut r, |_, _| {}).unwrap(), 9);
    let mut r = Reader::traced(&file[164..], 164, &mut tree);
    assert_eq!(read_postings(&mut r).unwrap().len(), 12);
    let mut r = Reader::traced(&file[272..], 272, &mut tree);
    let mut pairs = Vec::new();
    let add = |entry: OffsetEntry<'_>| pairs.push((entry.value.to_vec(), entry.offset));
    assert_eq!(read_offset_table(&mut r, add).unwrap(), 6);
    assert_eq!(pairs[4], (b"b".to_vec(), 240));
    read_toc(&mut r).unwrap();
    let root = tree.finish("index");
    let named = |name| root.children.iter().filter(|field| field.name == name).count();
    assert_eq!((named("symbol"), named("series"), named("entry")), (9, 4, 6));
}

/// Flips every bit and cuts at every byte. What is found must be what was written, except for
/// labels whose text was hit; a problem must be known.
#[test]
fn damage_never_panics_and_never_invents_series() {
    let original = bytes(INDEX);
    for bit in 0..original.len() * 8 {
        let mut damaged = original.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let Ok(index) = opened(damaged) else {
            assert!(bit < 5 * 8, "only another version is refused, not bit {bit}");
            continue;
        };
        let found = all(&index);
        let in_symbols = (5..51).contains(&(bit / 8));
        for one in &found {
            assert!(in_symbols || series().contains(one), "bit {bit}: {one:?}");
        }
        let in_series = (64..162).contains(&(bit / 8));
        let least = if in_symbols {
            0
        } else if in_series {
            2
        } else {
            3
        };
        assert!(found.len() >= least, "bit {bit}: {found:?} {:?}", index.problems());
        let complete = found == series();
        assert!(complete || in_series || !index.problems().is_empty(), "bit {bit}");
    }
    for length in 0..original.len() {
        let Ok(index) = opened(original[..length].to_vec()) else {
            assert!(length < 5);
            continue;
        };
        let whole = [77, 131, 162].iter().filter(|end| length >= **end).count();
        assert_eq!(all(&index), series()[..whole], "cut at {length}");
        assert!(!index.problems().is_empty());
    }
}

#[test]
fn the_table_finds_values_between_those_in_memory() {
    let mut file = Vec::new();
    let mut entries = 500u32.to_be_bytes().to_vec();
    for n in 0..500u32 {
        entries.push(2);
        crate::encoding::put_string(&mut entries, format!("name{}", n / 250).as_bytes());
        crate::encoding::put_string(&mut entries, format!("{:04}", n * 2).as_bytes());
        crate::encoding::put_uvarint(&mut entries, u64::from(n));
    }
    file.extend((entries.len() as u32).to_be_bytes());
    file.extend(&entries);
    file.extend(crate::encoding::checksum(&entries).to_be_bytes());
    let storage = Memory::default();
    storage.put("table", file.as_slice()).unwrap();
    let file = storage.open("table").unwrap();
    assert!(file.len() < SEQUENTIAL as u64);
    let table = OffsetTable::load(&*file, 0, file.len(), 2).unwrap();
    for n in 0..500u32 {
        let find = |value: String| {
            let name = format!("name{}", n / 250);
            table.find(&*file, name.as_bytes(), value.as_bytes()).unwrap()
        };
        assert_eq!(find(format!("{:04}", n * 2)), Some(u64::from(n)));
        assert_eq!(find(format!("{:04}", n * 2 + 1)), None);
    }
    let mut values = 0;
    table
        .for_each_value(&*file, b"name1", &mut |value, offset| {
            assert_eq!(value, format!("{:04}", offset * 2).as_bytes());
            values += 1;
            true
        })
        .unwrap();
    assert_eq!(values, 250);
}

/// Upstream's sample for the repair of blocks that the first 2.1 release wrote: version byte 1,
/// laid out as version 2.
#[test]
fn an_index_of_the_first_2_1_release_is_read_as_what_it_is() {
    let file = bytes(
        "baaad700010000000c000000040131013201610162b37207b6000000000000000602020003000016aac36200\
         0000000006020201030000cbef69da000000000c000000020000000200000003a58343900000000400000000\
         48674bc70000000a0000000102016201313c20aae5ca00000000000000050000000000000019000000000000\
         00000000000000000050000000000000003b000000000000005c3c3e2a05",
    );
    let storage = Memory::default();
    storage.put("index", file).unwrap();
    let index = Index::open(&storage, "index", true).unwrap();
    assert_eq!(index.version(), 2);
    assert_eq!(index.symbol_count().unwrap(), 4);
    // Upstream's file is made for its repair: its table lacks the pair that leads to all series.
    let [one, two] = [[("a", "1"), ("b", "1")], [("a", "2"), ("b", "1")]];
    let expected =
        [(SeriesRef(2), Labels::from_pairs(one)), (SeriesRef(3), Labels::from_pairs(two))];
    assert_eq!(all(&index), expected);
    assert_eq!(index.problems().len(), 1, "{:?}", index.problems());
}

/// Version 1, as Prometheus 2.0 wrote it: symbols by offset, series back to back and by offset, the
/// table in no order.
#[test]
fn version_1_is_read() {
    use crate::encoding::{checksum, put_string, put_uvarint};
    let framed = |file: &mut Vec<u8>, body: &[u8]| {
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(body);
        file.extend(checksum(body).to_be_bytes());
    };
    let mut file = bytes("baaad70001");
    let mut symbols = 4u32.to_be_bytes().to_vec();
    let mut places = Vec::new();
    for symbol in ["__name__", "down", "job", "up"] {
        places.push(5 + 4 + symbols.len() as u64);
        put_string(&mut symbols, symbol.as_bytes());
    }
    framed(&mut file, &symbols);
    let series_start = file.len() as u64;
    let mut references = Vec::new();
    for value in [1, 3] {
        references.push(file.len() as u32);
        let mut body = vec![1];
        put_uvarint(&mut body, places[0]);
        put_uvarint(&mut body, places[value]);
        body.extend([1, 20, 10, 8]);
        put_uvarint(&mut file, body.len() as u64);
        file.extend(&body);
        file.extend(checksum(&body).to_be_bytes());
    }
    let series_end = file.len() as u64;
    let mut table = 3u32.to_be_bytes().to_vec();
    for (name, value, members) in [
        ("__name__", "up", &references[1..]),
        ("", "", &references[..]),
        ("__name__", "down", &references[..1]),
    ] {
        table.push(2);
        put_string(&mut table, name.as_bytes());
        put_string(&mut table, value.as_bytes());
        put_uvarint(&mut table, file.len() as u64);
        let mut list = (members.len() as u32).to_be_bytes().to_vec();
        list.extend(members.iter().flat_map(|member| member.to_be_bytes()));
        framed(&mut file, &list);
    }
    let table_start = file.len() as u64;
    framed(&mut file, &table);
    let toc = [5, series_start, series_end, table_start, series_end, table_start];
    let toc: Vec<u8> = toc.iter().flat_map(|offset: &u64| offset.to_be_bytes()).collect();
    file.extend(&toc);
    file.extend(checksum(&toc).to_be_bytes());
    let expected: Vec<(SeriesRef, Labels)> = ["down", "up"]
        .iter()
        .zip(&references)
        .map(|(name, at)| (SeriesRef(u64::from(*at)), Labels::from_pairs([("__name__", *name)])))
        .collect();
    let index = opened(file.clone()).unwrap();
    assert_eq!((index.version(), all(&index)), (1, expected.clone()));
    let up = Matcher::new("__name__", MatchOperator::Equal, "up").unwrap();
    assert_eq!(index.select(&[up]).unwrap(), [expected[1].0]);
    assert_eq!(index.problems(), []);
    // Without its table of contents, the series are found by reading through them.
    let cut = opened(file[..file.len() - 1].to_vec()).unwrap();
    assert_eq!(all(&cut), expected);
    assert_eq!(cut.problems().len(), 1);
}
