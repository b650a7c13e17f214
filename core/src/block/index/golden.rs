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
