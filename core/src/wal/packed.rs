//! Records that are found and checked, but not decompressed yet: that can be done to several at
//! once, and is most of the work of reading a log.

use super::fragment::Compression;

/// A record as its segment holds it.
#[derive(Debug)]
pub(crate) struct PackedRecord {
    pub(super) data: PackedData,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) compression: Compression,
    pub(super) fragments: u32,
}

/// Where its bytes are.
#[derive(Debug)]
pub(super) enum PackedData {
    /// In the file, as they are: offset and size.
    InFile(u64, usize),
    /// Put together from fragments, or from the end of the file and zeros behind it.
    Copied(Vec<u8>),
}
