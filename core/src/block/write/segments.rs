//! Where chunks go: entries one behind the other, in segments of a limited size.
//!
//! The layout of a segment is at the head of `block/chunks.rs`, which reads it.
//!
//! Invariants
//! 1. A segment is cut in front of a chunk with which it would exceed its size, counting 5 bytes
//!    for the length field whatever it takes. One chunk that is too large alone goes in all the
//!    same.
//! 2. The chunks of one series are planned together: those of a call are counted with that
//!    maximum, those of earlier calls with what they really took. So does upstream, and its
//!    segments end where these do.

use super::super::chunks::{HEADER_SIZE, MAGIC};
use super::super::index::ChunkMeta;
use super::files::Piece;
use crate::encoding::{checksum, put_uvarint};
use crate::error::{Error, Result};
use crate::query::RawChunk;
use crate::types::ChunkRef;

/// Bytes that an entry is counted with besides its data: length, encoding, checksum.
const ENTRY_OVERHEAD: u64 = 5 + 1 + 4;

/// The chunk files of a block in the making.
#[derive(Debug)]
pub(super) struct SegmentLayout {
    limit: u64,
    /// Segments begun; the last one is being filled.
    count: u32,
    /// Bytes of the segment being filled, with those not yet taken.
    len: u64,
    bytes: Vec<u8>,
}

impl SegmentLayout {
    /// Segments of at most `limit` bytes, as far as chunks allow.
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, count: 0, len: 0, bytes: Vec::new() }
    }

    /// Bytes that were not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the waiting bytes; `empty` is filled next.
    pub(super) fn take(&mut self, empty: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.bytes, empty)
    }

    /// Places the chunks of one series and tells in `placed` where. Segments that end go to
    /// `pieces`.
    ///
    /// # Errors
    /// A chunk cannot be addressed: its segment would exceed 4 GiB.
    pub(super) fn add(
        &mut self,
        chunks: &[RawChunk<'_>],
        placed: &mut Vec<ChunkMeta>,
        pieces: &mut Vec<Piece>,
    ) -> Result<()> {
        if self.count == 0 {
            self.cut(pieces);
        }
        // `len` counts entries of earlier calls, `planned` those of this one in this segment.
        let (mut before, mut planned) = (self.len, 0);
        for (number, chunk) in chunks.iter().enumerate() {
            let size = chunk.bytes.len() as u64 + ENTRY_OVERHEAD;
            planned += size;
            let may_cut = number > 0 || before > HEADER_SIZE;
            if may_cut && before + planned > self.limit {
                self.cut(pieces);
                (before, planned) = (self.len, size);
            }
            placed.push(self.put(chunk)?);
        }
        Ok(())
    }

    fn put(&mut self, chunk: &RawChunk<'_>) -> Result<ChunkMeta> {
        let data = &chunk.bytes;
        let offset = u32::try_from(self.len)
            .map_err(|_| Error::refused("a chunk file of more than 4 GiB cannot be addressed"))?;
        let start = self.bytes.len();
        put_uvarint(&mut self.bytes, data.len() as u64);
        let covered = self.bytes.len();
        self.bytes.push(chunk.encoding.byte());
        self.bytes.extend_from_slice(data);
        let checksum = chunk.checksum.unwrap_or_else(|| checksum(&self.bytes[covered..]));
        self.bytes.extend_from_slice(&checksum.to_be_bytes());
        self.len += (self.bytes.len() - start) as u64;
        let reference = ChunkRef::new(self.count - 1, offset);
        Ok(ChunkMeta { time_range: chunk.range, reference })
    }

    /// Begins the next segment.
    fn cut(&mut self, pieces: &mut Vec<Piece>) {
        if !self.bytes.is_empty() {
            pieces.push(Piece::Chunks(std::mem::take(&mut self.bytes)));
        }
        self.count += 1;
        pieces.push(Piece::NextSegment(self.count));
        self.bytes.extend_from_slice(&MAGIC.to_be_bytes());
        self.bytes.extend_from_slice(&[1, 0, 0, 0]);
        self.len = HEADER_SIZE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Encoding;
    use crate::types::TimeRange;

    fn chunk(bytes: &[u8]) -> RawChunk<'_> {
        RawChunk::new(TimeRange::new(0, 1), Encoding::Xor, bytes)
    }

    fn places(limit: u64, calls: &[&[usize]]) -> Vec<(u32, u32)> {
        let data = [0u8; 100];
        let (mut layout, mut placed) = (SegmentLayout::new(limit), Vec::new());
        for call in calls {
            let chunks: Vec<RawChunk<'_>> = call.iter().map(|size| chunk(&data[..*size])).collect();
            layout.add(&chunks, &mut placed, &mut Vec::new()).unwrap();
        }
        let place = |meta: &ChunkMeta| (meta.reference.file(), meta.reference.offset());
        placed.iter().map(place).collect()
    }

    #[test]
    fn the_example_of_the_reader_is_what_is_written() {
        let (mut layout, mut pieces) = (SegmentLayout::new(1 << 20), Vec::new());
        let data = [0x00, 0x01, 0xf0, 0x2e, 0, 0, 0, 0, 0, 0, 0, 0];
        layout.add(&[chunk(&data)], &mut Vec::new(), &mut pieces).unwrap();
        let mut expected = vec![0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0, 0x0c, 0x01];
        expected.extend_from_slice(&data);
        expected.extend_from_slice(&[0xae, 0xe0, 0x75, 0x58]);
        assert_eq!(layout.take(Vec::new()), expected);
        assert!(matches!(pieces[..], [Piece::NextSegment(1)]));
    }

    #[test]
    fn a_segment_ends_before_the_chunk_that_would_exceed_it() {
        // Counted with 10 bytes besides the data, each takes 6: 8 + 16 + 20 and 8 + 20 + 20.
        assert_eq!(places(48, &[&[10, 10]]), [(0, 8), (0, 24)]);
        assert_eq!(places(47, &[&[10, 10]]), [(0, 8), (1, 8)]);
        assert_eq!(places(44, &[&[10], &[10]]), [(0, 8), (0, 24)]);
        assert_eq!(places(43, &[&[10], &[10]]), [(0, 8), (1, 8)]);
        assert_eq!(places(20, &[&[100], &[100, 1]]), [(0, 8), (1, 8), (2, 8)]);
    }
}
