//! From a record to its entries.

use std::mem;

use super::histogram_value::SpanCache;
use super::{
    exemplars, histograms, markers, metadata, samples, series, tombstones, with_start_time,
};
use crate::encoding::{Reader, Trace};
use crate::error::Result;
use crate::wal::entries::{
    ExemplarEntry, HistogramEntry, MarkerEntry, MetadataEntry, Record, SampleEntry, SeriesEntry,
    TombstoneEntry,
};
use crate::wal::reader::StoredRecord;

/// Decodes records. Keeps its vectors: what [`RecordDecoder::decode`] gives is valid until the next
/// call.
#[derive(Debug, Default)]
pub struct RecordDecoder {
    record: Record,
    spare: Spare,
    spans: SpanCache,
    skipped_histograms: u64,
}

/// Vectors of the kinds that the current record is not.
#[derive(Debug, Default)]
struct Spare {
    series: Vec<SeriesEntry>,
    /// As many as were given back: samples are nearly all of a log.
    samples: Vec<Vec<SampleEntry>>,
    tombstones: Vec<TombstoneEntry>,
    exemplars: Vec<ExemplarEntry>,
    markers: Vec<MarkerEntry>,
    metadata: Vec<MetadataEntry>,
    histograms: Vec<HistogramEntry>,
}

impl RecordDecoder {
    /// The entries of a record of the segment at `path`.
    ///
    /// # Errors
    /// The payload breaks its format. The offset of the error is that of the field where the
    /// payload stands in the file as it is; else that of the record, and the field says where in
    /// the decompressed record.
    pub fn decode(&mut self, stored: &StoredRecord<'_>, path: &str) -> Result<&Record> {
        let base = stored.payload_offset.unwrap_or(0);
        self.read(&mut Reader::new(stored.payload, base))
            .map_err(|error| stored.located(error, path))
    }

    /// The entries of the record that `r` stands at, to its end.
    ///
    /// # Errors
    /// The bytes break their format.
    pub fn read<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<&Record> {
        self.put_back();
        if r.is_at_end() {
            return Ok(&self.record);
        }
        let kind = r.u8("record_type")?;
        match kind {
            1 => self.series(r),
            2 | 11 => self.samples(kind, r),
            3 => self.tombstones(r),
            4 => self.exemplars(r),
            5 => self.markers(r),
            6 => self.metadata(r),
            7..=10 | 12 | 13 => self.histograms(kind, r),
            other => {
                self.record = Record::Unknown(Some(other));
                let rest = r.remaining();
                r.bytes("unknown", rest).map(|_| ())
            }
        }?;
        Ok(&self.record)
    }

    /// The record that was decoded last, to keep. [`RecordDecoder::give_back`] its memory when it
    /// is done with.
    #[must_use]
    pub fn take(&mut self) -> Record {
        mem::take(&mut self.record)
    }

    /// Takes the memory of a record that [`RecordDecoder::take`] gave, for records to come.
    pub fn give_back(&mut self, record: Record) {
        self.put_back();
        self.record = record;
    }

    /// Histogram entries left out so far: of an unknown schema, which upstream leaves out as well,
    /// or with spans that do not fit their buckets.
    #[must_use]
    pub fn skipped_histograms(&self) -> u64 {
        self.skipped_histograms
    }

    /// Takes the current record's vector back for the next record of its kind.
    fn put_back(&mut self) {
        fn keep<T>(spare: &mut Vec<T>, mut used: Vec<T>) {
            used.clear();
            *spare = used;
        }
        match mem::take(&mut self.record) {
            Record::Series(used) => keep(&mut self.spare.series, used),
            Record::Samples(mut used) => {
                used.clear();
                self.spare.samples.push(used);
            }
            Record::Tombstones(used) => keep(&mut self.spare.tombstones, used),
            Record::Exemplars(used) => keep(&mut self.spare.exemplars, used),
            Record::Markers(used) => keep(&mut self.spare.markers, used),
            Record::Metadata(used) => keep(&mut self.spare.metadata, used),
            Record::Histograms(used) => keep(&mut self.spare.histograms, used),
            Record::Unknown(_) => {}
        }
    }

    fn series<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = mem::take(&mut self.spare.series);
        let read = series::read(r, &mut entries);
        let count = entries.len();
        self.record = Record::Series(entries);
        placed(read, "series record", count)
    }

    fn samples<T: Trace>(&mut self, kind: u8, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = self.spare.samples.pop().unwrap_or_default();
        let read = match kind {
            11 => with_start_time::read_samples(r, &mut entries),
            _ => samples::read(r, &mut entries),
        };
        let count = entries.len();
        self.record = Record::Samples(entries);
        placed(read, "samples record", count)
    }

    fn tombstones<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = mem::take(&mut self.spare.tombstones);
        let read = tombstones::read(r, &mut entries);
        let count = entries.len();
        self.record = Record::Tombstones(entries);
        placed(read, "tombstones record", count)
    }

    fn exemplars<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = mem::take(&mut self.spare.exemplars);
        let read = exemplars::read_exemplars(r, &mut entries);
        let count = entries.len();
        self.record = Record::Exemplars(entries);
        placed(read, "exemplars record", count)
    }

    fn markers<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = mem::take(&mut self.spare.markers);
        let read = markers::read(r, &mut entries);
        let count = entries.len();
        self.record = Record::Markers(entries);
        placed(read, "markers record", count)
    }

    fn metadata<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = mem::take(&mut self.spare.metadata);
        let read = metadata::read(r, &mut entries);
        let count = entries.len();
        self.record = Record::Metadata(entries);
        placed(read, "metadata record", count)
    }

    fn histograms<T: Trace>(&mut self, kind: u8, r: &mut Reader<'_, T>) -> Result<()> {
        let mut entries = mem::take(&mut self.spare.histograms);
        let float = matches!(kind, 8 | 10 | 13);
        let read = match kind {
            12 | 13 => with_start_time::read_histograms(r, float, &mut self.spans, &mut entries),
            _ => histograms::read(r, float, &mut self.spans, &mut entries),
        };
        let count = entries.len();
        self.record = Record::Histograms(entries);
        let skipped = placed(read, "histograms record", count).map_err(|error| match kind {
            7 | 8 => error.with_help(
                "versions 2.54 to 3.1 wrote histograms with custom buckets like this, without \
                 their bounds, which no later version can read",
            ),
            _ => error,
        })?;
        self.skipped_histograms += skipped;
        Ok(())
    }
}

/// Names the record and the entry in an error.
fn placed<T>(read: Result<T>, record: &'static str, entry: usize) -> Result<T> {
    read.map_err(|error| error.in_part(&format!("{record}, entry {entry}")))
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
