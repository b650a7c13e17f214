//! Records of a row of segments, in order.
//!
//! Upstream reads logs in two ways. The replay of `wal/` and `wbl/` opens each segment on its own:
//! a record that is split over two of them is an error. Checkpoints and memory snapshots are
//! read as one stream, in which such a record is accepted; no writer makes one.

use std::ops::Range;
use std::sync::Arc;

use super::reader::{SegmentReader, StoredRecord};
use super::segments::Segment;
use crate::error::Result;
use crate::storage::Storage;

/// Reads the records of several segments.
#[derive(Debug)]
pub struct LogReader {
    storage: Arc<dyn Storage>,
    segments: Vec<Segment>,
    /// The segment that is read, or the next one when there is no reader.
    index: usize,
    reader: Option<SegmentReader>,
    /// Whether `reader` stands in `segments[index]`.
    opened: bool,
    /// Where reading of the first segment begins.
    from: u64,
    one_stream: bool,
    bytes_before: u64,
}

impl LogReader {
    /// Reads each segment on its own, the first one from byte `from` on.
    #[must_use]
    pub fn apart(storage: Arc<dyn Storage>, segments: Vec<Segment>, from: u64) -> Self {
        Self {
            storage,
            segments,
            index: 0,
            reader: None,
            opened: false,
            from,
            one_stream: false,
            bytes_before: 0,
        }
    }

    /// Reads all segments as one stream.
    #[must_use]
    pub fn one_stream(storage: Arc<dyn Storage>, segments: Vec<Segment>) -> Self {
        Self { one_stream: true, ..Self::apart(storage, segments, 0) }
    }

    /// Goes to the next record; false at the end of the last segment.
    ///
    /// # Errors
    /// As [`SegmentReader::advance`]; after a data error the next call goes on behind the damage.
    /// A segment that cannot be opened is an error once, and is left out after that.
    pub fn advance(&mut self) -> Result<bool> {
        while self.index < self.segments.len() {
            if !self.opened
                && let Err(error) = self.open()
            {
                self.index += 1;
                return Err(error);
            }
            if let Some(reader) = &mut self.reader
                && reader.advance()?
            {
                return Ok(true);
            }
            self.bytes_before += self.reader.as_ref().map_or(0, SegmentReader::len);
            self.index += 1;
            self.opened = false;
        }
        Ok(false)
    }

    /// The record that the last [`LogReader::advance`] came to.
    ///
    /// # Errors
    /// As [`SegmentReader::record`].
    pub fn record(&mut self) -> Result<Option<StoredRecord<'_>>> {
        self.reader.as_mut().map(SegmentReader::record).transpose()
    }

    /// The segment of the last record or error.
    #[must_use]
    pub fn segment(&self) -> Option<&Segment> {
        self.segments.get(self.index)
    }

    /// The bytes, in that segment, of the last record; after an error those that are lost.
    #[must_use]
    pub fn found(&self) -> Range<u64> {
        self.reader.as_ref().map_or(0..0, SegmentReader::found)
    }

    /// Bytes of all segments read so far.
    #[must_use]
    pub fn bytes_done(&self) -> u64 {
        let here = if self.opened { self.reader.as_ref() } else { None };
        self.bytes_before + here.map_or(0, SegmentReader::position)
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn bytes_total(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    fn open(&mut self) -> Result<()> {
        let path = &self.segments[self.index].path;
        let file = self.storage.open(path)?;
        let from = if self.index == 0 { self.from } else { 0 };
        let reader = match self.reader.take() {
            Some(mut reader) => {
                reader.switch_to(file, path, from);
                reader
            }
            None => SegmentReader::new(file, path, from),
        };
        let reader = self.reader.insert(reader);
        reader.continues = self.one_stream && self.index + 1 < self.segments.len();
        self.opened = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Memory;
    use crate::wal::Log;

    /// `first` at the end of segment 0, `last` at the start of segment 1: `abcd` in two pieces.
    fn split_record() -> (Arc<dyn Storage>, Vec<Segment>) {
        let fragment = |kind: u8, data: &[u8]| {
            let mut bytes = vec![kind, 0, data.len() as u8];
            bytes.extend(crate::encoding::checksum(data).to_be_bytes());
            bytes.extend(data);
            bytes
        };
        let storage = Memory::default();
        storage.put("wal/00000000", fragment(2, b"ab")).unwrap();
        storage.put("wal/00000001", fragment(4, b"cd")).unwrap();
        let segments = Log::list(&storage, "wal").unwrap().segments;
        (Arc::new(storage), segments)
    }

    #[test]
    fn a_stream_joins_a_record_over_two_segments() {
        let (storage, segments) = split_record();
        let mut log = LogReader::one_stream(storage, segments);
        assert!(log.advance().unwrap());
        let record = log.record().unwrap().unwrap();
        assert_eq!((record.payload, record.fragments), (b"abcd".as_slice(), 2));
        assert!(!log.advance().unwrap());
        assert_eq!(log.bytes_done(), log.bytes_total());
    }

    #[test]
    fn segments_on_their_own_do_not() {
        let (storage, segments) = split_record();
        let mut log = LogReader::apart(storage, segments, 0);
        let torn = log.advance().unwrap_err().to_string();
        assert!(torn.contains("wal/00000000 at 32768: last record is torn"), "{torn}");
        let orphan = log.advance().unwrap_err().to_string();
        assert!(orphan.contains("wal/00000001 at 9: unexpected last record"), "{orphan}");
        assert_eq!((log.segment().unwrap().number, log.found()), (1, 0..9));
        assert!(!log.advance().unwrap());
    }
}
