//! A piece of a log, read ahead of its turn: found, checked, decompressed, decoded.
//!
//! Where there are threads, and the storage has the log in memory, the two halves of a piece are
//! decompressed and decoded at once. That is for logs that are intact: as soon as anything is wrong
//! in a piece, it is read again, record by record, and what that tells counts.

use super::parallel::{PARTS, both};
use crate::error::Error;
use crate::wal::{Record, SegmentReader, Unpacker};

/// Bytes of a log that one step reads: well under 50 ms even when every byte is a sample.
pub(super) const PIECE_BYTES: u64 = 256 << 10;

/// A piece of a segment, decoded.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// Bytes it takes in the segment.
    pub(super) bytes: u64,
    /// What ended it early: reading goes on behind it.
    pub(super) damage: Option<Error>,
    /// It is the last of its segment.
    pub(super) finished: bool,
}

/// Reads batches; keeps the memory of those that are done with.
#[derive(Debug, Default)]
pub(super) struct BatchReader {
    /// One for each half of a piece.
    unpackers: [Unpacker; 2],
}

impl BatchReader {
    /// The piece of the segment at `path` where `reader` stands.
    pub(super) fn read(&mut self, reader: &mut SegmentReader, path: &str) -> Batch {
        let (begin, mark) = (reader.position(), reader.mark());
        let intact = if PARTS > 1 { self.read_intact(reader, path) } else { None };
        let mut batch = intact.unwrap_or_else(|| {
            reader.go_back(mark);
            self.read_one_by_one(reader, path)
        });
        reader.release(begin..reader.position());
        batch.bytes = reader.position() - begin;
        batch
    }

    /// Reads both halves at once; `None` when that cannot be, or when anything is wrong.
    fn read_intact(&mut self, reader: &mut SegmentReader, path: &str) -> Option<Batch> {
        let file = reader.file_in_memory().cloned()?;
        let (begin, mut packed, mut finished) = (reader.position(), Vec::new(), false);
        while reader.position() - begin < PIECE_BYTES && !finished {
            match reader.advance() {
                Ok(true) => packed.push(reader.pack()),
                Ok(false) => finished = true,
                Err(_) => return None,
            }
        }
        let [one, other] = &mut self.unpackers;
        let (first, second) = packed.split_at(packed.len() / 2);
        let (first, second) =
            both(|| one.unpack(first, &file, path), || other.unpack(second, &file, path));
        let mut records = first.ok()?;
        records.append(&mut second.ok()?);
        Some(Batch { records, finished, ..Batch::default() })
    }

    fn read_one_by_one(&mut self, reader: &mut SegmentReader, path: &str) -> Batch {
        let decoder = &mut self.unpackers[0].decoder;
        let begin = reader.position();
        let mut batch = Batch::default();
        while reader.position() - begin < PIECE_BYTES && batch.damage.is_none() {
            let read = match reader.next() {
                Ok(Some(stored)) => decoder.decode(&stored, path).map(|_| ()),
                Ok(None) => {
                    batch.finished = true;
                    break;
                }
                Err(error) => Err(error),
            };
            match read {
                Ok(()) => batch.records.push(decoder.take()),
                Err(error) => batch.damage = Some(error),
            }
        }
        batch
    }

    /// Takes the memory of records that are done with.
    pub(super) fn give_back(&mut self, records: Vec<Record>) {
        let half = records.len() / 2;
        for (index, record) in records.into_iter().enumerate() {
            self.unpackers[usize::from(PARTS > 1 && index >= half)].decoder.give_back(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::storage::{Memory, Storage};
    use crate::types::SeriesRef;
    use crate::wal::{
        Compression, LogOptions, LogWriter, RecordBatch, SampleEntry, encode_samples,
    };

    const PATH: &str = "wal/00000000";

    /// A log of two pieces, with a record that cannot be decoded where one is wanted.
    fn log(compression: Compression, undecodable: Option<u32>) -> Vec<u8> {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let options = LogOptions { compression, ..LogOptions::default() };
        let mut writer = LogWriter::open(Arc::clone(&storage), "wal", options).unwrap();
        let mut batch = RecordBatch::default();
        for record in 0..60u32 {
            let entries: Vec<_> = (0..500u32)
                .map(|index| SampleEntry {
                    series: SeriesRef(u64::from(index) + 1),
                    time: i64::from(record) * 15_000,
                    start_time: 0,
                    value: f64::from(index.wrapping_mul(0x9e37_79b9) ^ record).sqrt(),
                })
                .collect();
            batch.push_with(|out| encode_samples(&entries, out));
            if undecodable == Some(record) {
                batch.push(b"\x02\0\0");
            }
        }
        writer.log(&batch).unwrap();
        writer.close().unwrap();
        let file = storage.open(PATH).unwrap();
        file.view(0..file.len()).unwrap().into_owned()
    }

    /// All of the segment, by `read`; what each batch comes to.
    fn batches(
        bytes: &[u8],
        read: impl Fn(&mut BatchReader, &mut SegmentReader) -> Batch,
    ) -> Vec<(Vec<Record>, u64, Option<String>, bool)> {
        let storage = Memory::default();
        storage.put(PATH, bytes).unwrap();
        let mut reader = SegmentReader::open(&storage, PATH, 0).unwrap();
        let (mut batches, mut all) = (BatchReader::default(), Vec::new());
        while all.last().is_none_or(|(_, _, _, finished)| !finished) {
            let batch = read(&mut batches, &mut reader);
            let damage = batch.damage.map(|error| format!("{error:?}"));
            all.push((batch.records.clone(), reader.position(), damage, batch.finished));
            batches.give_back(batch.records);
        }
        all
    }

    fn check(bytes: &[u8]) -> usize {
        let at_once = batches(bytes, |batches, reader| {
            let mark = reader.mark();
            batches.read_intact(reader, PATH).unwrap_or_else(|| {
                reader.go_back(mark);
                batches.read_one_by_one(reader, PATH)
            })
        });
        assert_eq!(at_once, batches(bytes, |all, reader| all.read_one_by_one(reader, PATH)));
        at_once.iter().filter(|batch| batch.2.is_some()).count()
    }

    #[test]
    fn halves_at_once_give_what_records_one_by_one_give() {
        for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
            let intact = log(compression, None);
            assert!(intact.len() as u64 > PIECE_BYTES);
            assert_eq!(check(&intact), 0);
            assert_eq!(check(&intact[..intact.len() - 100]), 1, "torn");
            for at in [3, 90_000, 150_000, intact.len() - 9] {
                let mut bytes = intact.clone();
                bytes[at] ^= 0x40;
                assert!(check(&bytes) > 0, "flipped at {at}");
            }
            for record in [0, 20, 59] {
                assert_eq!(check(&log(compression, Some(record))), 1);
            }
        }
    }
}
