//! What can be written into a block: series in label order, with their chunks as they are stored.
//!
//! Queries want samples ([`Queryable`](super::Queryable)); a block that is made of others, or of
//! the head, wants chunks, to copy what it can without decoding. Labels are told by the numbers of
//! symbols, so that series of many sources are compared and written without touching text.
//!
//! Invariants, which the sources hold and the writer of blocks relies on:
//! 1. Symbols ascend bytewise, each once. A symbol's number is its position, from 0. A source may
//!    name symbols that no series uses; the head names the empty one, as upstream's does.
//! 2. Series ascend by their labels, each once; the names of a series ascend.
//! 3. The chunks of a series ascend by their first time. Those of one source do not overlap, except
//!    late chunks of the head, of which the earlier written comes first where they begin together.
//!
//! Unlike queries, a source passes nothing over: a damaged chunk is an error, for what would be
//! written without it would then replace the original.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::chunk::Encoding;
use crate::error::Result;
use crate::types::TimeRange;

/// The symbols of a source, ascending: bytes as they stand in a file, nominally UTF-8.
pub type SymbolIter<'a> = Box<dyn Iterator<Item = Result<Cow<'a, [u8]>>> + Send + 'a>;

/// A chunk as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawChunk<'a> {
    /// Times of its first and last sample.
    pub range: TimeRange,
    /// How the samples are encoded.
    pub encoding: Encoding,
    /// The chunk itself, for [`crate::chunk::decode`].
    pub bytes: Cow<'a, [u8]>,
    /// True for the chunk that the head still appends to: it is never copied but always encoded
    /// anew, as upstream does, whose header of a histogram chunk then says that nothing is known
    /// about a reset.
    pub open: bool,
    /// CRC-32C of the byte of the encoding and the chunk, as block chunk files have it, where the
    /// source just checked it.
    pub checksum: Option<u32>,
}

impl<'a> RawChunk<'a> {
    /// A closed chunk that carries no checksum.
    #[must_use]
    pub fn new(range: TimeRange, encoding: Encoding, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { range, encoding, bytes: bytes.into(), open: false, checksum: None }
    }
}

/// Something whose series can be written into a block: a block, or the head.
pub trait ChunkSource: Send + Sync + Debug {
    /// Its symbols from number `from` on: all that its series use, at least.
    ///
    /// # Errors
    /// They cannot be read.
    fn symbols(&self, from: u64) -> Result<SymbolIter<'_>>;

    /// Its series from `position` on, before the first of them: 0 for all, or what
    /// [`SeriesCursor::position`] said, so that long work can let go of the source between its
    /// steps. Chunks outside `range` are left out; a series without a chunk inside may be left out
    /// or come without chunks.
    ///
    /// # Errors
    /// The series cannot be read.
    fn series(&self, range: TimeRange, position: u64) -> Result<Box<dyn SeriesCursor + '_>>;
}

/// Goes through the series of a source, holding one at a time.
///
/// Before the first [`SeriesCursor::advance`] and after the last one there is no series: the lists
/// are empty.
pub trait SeriesCursor: Send + Debug {
    /// Goes to the next series; false at the end.
    ///
    /// # Errors
    /// The series is damaged, or out of order, or the storage fails.
    fn advance(&mut self) -> Result<bool>;

    /// Its labels: symbol numbers of name and value, in order of the names.
    fn labels(&self) -> &[(u32, u32)];

    /// Its deleted times: ascending intervals that neither overlap nor touch.
    fn deleted(&self) -> &[TimeRange];

    /// Appends its chunks that overlap the range asked for to `into`, checked as far as they carry
    /// a checksum. Deleted times are still in them.
    ///
    /// # Errors
    /// A chunk is damaged or missing.
    fn chunks<'a>(&'a self, into: &mut Vec<RawChunk<'a>>) -> Result<()>;

    /// Where the current series can be found again: a cursor that is opened there advances to it
    /// first.
    fn position(&self) -> u64;

    /// How far it is: done and in all, in bytes or in series.
    fn progress(&self) -> (u64, u64);
}
