//! From records as they are stored to their entries, apart from the reader that found them.

use std::sync::Arc;

use super::compression::Decompressor;
use super::entries::Record;
use super::fragment::Compression;
use super::packed::{PackedData, PackedRecord};
use super::reader::StoredRecord;
use super::record::RecordDecoder;
use crate::error::Result;
use crate::storage::ReadFile;

/// Decompresses and decodes records. Keeps its memory from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    decompressor: Decompressor,
    /// Decodes them; records that are done with can be [given back](RecordDecoder::give_back).
    pub(crate) decoder: RecordDecoder,
}

impl Unpacker {
    /// The entries of `records` of `file`, the segment at `path`.
    ///
    /// # Errors
    /// The first record that cannot be decompressed or decoded. To say where upstream stops is for
    /// whoever reads the segment record by record.
    pub(crate) fn unpack(
        &mut self,
        records: &[PackedRecord],
        file: &Arc<dyn ReadFile>,
        path: &str,
    ) -> Result<Vec<Record>> {
        let whole = file.whole().unwrap_or_default();
        let mut all = Vec::with_capacity(records.len());
        for record in records {
            let (stored, plain_at) = match &record.data {
                PackedData::InFile(at, size) => {
                    let begin = *at as usize;
                    let stored = whole.get(begin..begin + size).unwrap_or_default();
                    (stored, Some(*at).filter(|_| record.compression == Compression::None))
                }
                PackedData::Copied(bytes) => (bytes.as_slice(), None),
            };
            let payload = self.decompressor.decompress(record.compression, stored, record.start)?;
            let stored = StoredRecord {
                payload,
                start: record.start,
                end: record.end,
                compression: record.compression,
                fragments: record.fragments,
                payload_offset: plain_at,
            };
            self.decoder.decode(&stored, path)?;
            all.push(self.decoder.take());
        }
        Ok(all)
    }
}
