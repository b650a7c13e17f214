//! References: how the formats point at series and chunks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A series, by number.
///
/// In the WAL, head chunk files and the head: a counter that starts at 1. In a block: the offset of
/// the series entry in the index file, divided by 16 (index version 1: not divided).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SeriesRef(pub u64);

/// A chunk in a file: the file in the upper 32 bits, the byte offset of its record in the lower 32.
///
/// In a block the file part is the 0-based position in the sorted listing of `chunks/`; in
/// `chunks_head/` it is the number in the file's name, which starts at 1.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ChunkRef(pub u64);

impl ChunkRef {
    /// The reference to the record at `offset` of file `file`.
    #[must_use]
    pub const fn new(file: u32, offset: u32) -> Self {
        Self((file as u64) << 32 | offset as u64)
    }

    /// The file part.
    #[must_use]
    pub const fn file(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The byte offset in that file.
    #[must_use]
    pub const fn offset(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for SeriesRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ChunkRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file {} @ {:#x}", self.file(), self.offset())
    }
}
