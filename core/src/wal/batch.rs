//! Records that are logged together.
//!
//! A commit is one batch: its records stand behind each other in one buffer, which is kept from one
//! commit to the next.

use super::entries::Record;
use super::record::{
    HistogramRecord, encode_exemplars, encode_histograms, encode_markers, encode_metadata,
    encode_samples, encode_samples_with_start_time, encode_series, encode_tombstones,
};

/// Whether samples are logged with their start timestamps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum StartTimes {
    /// Without: records of type 2 and 7 to 10, which every version reads. The default upstream.
    #[default]
    Dropped,
    /// With: records of type 11, 12 and 13, which versions before 3.11 skip.
    Kept,
}

/// Payloads of records, in the order in which they are logged.
#[derive(Debug, Clone, Default)]
pub struct RecordBatch {
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<usize>,
}

impl RecordBatch {
    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True without a record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all records.
    #[must_use]
    pub fn num_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The payloads, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    /// Adds a record as it is, which may be empty.
    pub fn push(&mut self, payload: &[u8]) {
        self.bytes.extend_from_slice(payload);
        self.ends.push(self.bytes.len());
    }

    /// Adds the record that `encode` appends; none when it appends nothing. What stands in the
    /// buffer before it must stay.
    ///
    /// ```
    /// # use chunkscope::{wal::{RecordBatch, SampleEntry, encode_samples}, types::SeriesRef};
    /// let mut batch = RecordBatch::default();
    /// let sample = SampleEntry { series: SeriesRef(1), time: 1000, start_time: 0, value: 1.0 };
    /// batch.push_with(|out| encode_samples(&[sample], out));
    /// batch.push_with(|out| encode_samples(&[], out));
    /// assert_eq!(batch.len(), 1);
    /// ```
    pub fn push_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        let before = self.bytes.len();
        encode(&mut self.bytes);
        if self.bytes.len() > before {
            self.ends.push(self.bytes.len());
        }
    }

    /// Adds the records that hold these entries: one, but for histograms of several kinds. Entries
    /// of an unknown record are none.
    pub fn push_record(&mut self, record: &Record, start_times: StartTimes) {
        match (record, start_times) {
            (Record::Series(entries), _) => self.push_with(|out| encode_series(entries, out)),
            (Record::Samples(entries), StartTimes::Dropped) => {
                self.push_with(|out| encode_samples(entries, out));
            }
            (Record::Samples(entries), StartTimes::Kept) => {
                self.push_with(|out| encode_samples_with_start_time(entries, out));
            }
            (Record::Tombstones(entries), _) => {
                self.push_with(|out| encode_tombstones(entries, out));
            }
            (Record::Exemplars(entries), _) => self.push_with(|out| encode_exemplars(entries, out)),
            (Record::Markers(entries), _) => self.push_with(|out| encode_markers(entries, out)),
            (Record::Metadata(entries), _) => self.push_with(|out| encode_metadata(entries, out)),
            (Record::Histograms(entries), start_times) => {
                let kinds: &[HistogramRecord] = match start_times {
                    StartTimes::Dropped => &HistogramRecord::WITHOUT_START_TIME,
                    StartTimes::Kept => &HistogramRecord::WITH_START_TIME,
                };
                for kind in kinds {
                    self.push_with(|out| {
                        encode_histograms(*kind, entries, out);
                    });
                }
            }
            (Record::Unknown(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut batch = RecordBatch::default();
        batch.push(b"abc");
        batch.push(b"");
        batch.push_with(|out| out.extend(b"de"));
        batch.push_with(|_| {});
        assert_eq!(batch.iter().collect::<Vec<_>>(), [&b"abc"[..], b"", b"de"]);
        assert_eq!((batch.len(), batch.num_bytes()), (3, 5));
        batch.clear();
        assert!(batch.is_empty() && batch.iter().next().is_none());
    }
}
