//! Memory snapshots: `chunk_snapshot.SEGMENT.OFFSET/`, written at a clean stop with the feature on.
//!
//! The container is that of the WAL: segments, pages, fragments. By their first byte, records are
//!
//! ```text
//! 1  series      be64 reference, uvarint label count, labels, be64 0 (a range before 2.39),
//!                uvarint 1 if a chunk follows, else 0; the chunk:
//!                  be64 min time, be64 max time, u8 encoding, string data, then the last sample:
//!                  floats      3 × (be64 0, be64 0), be64 0, be64 value bits
//!                  histograms  the histogram, as WAL records hold it
//! 2  tombstones  string: u8 1, then per interval: uvarint reference, varint min time,
//!                varint max time
//! 3  exemplars   as a WAL record of type 4, behind the type byte
//! ```
//!
//! Invariants
//! 1. One record per series first, then exactly one of tombstones, then exemplars.
//! 2. SEGMENT and OFFSET are where the WAL ended: replay goes on there.
//! 3. Anything wrong makes the whole snapshot worthless: upstream throws it away and replays all of
//!    the WAL, which still has every sample.
//!
//! Example, a tombstones record (series 1 loses 8000000 to 9000000 ms):
//! `02 0a 01 01 80c8d007 80d1ca08`

use crate::chunk::Encoding;
use crate::encoding::{Reader, Trace, put_string, put_uvarint, put_varint};
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::tombstones::Tombstones;
use crate::types::{Histogram, SeriesRef, TimeRange};
use crate::wal::{
    ExemplarEntry, SpanCache, encode_exemplars, put_histogram, put_labels, read_exemplars,
    read_histogram, read_labels,
};

/// A record of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum SnapshotRecord<'a> {
    /// A series, with its newest chunk.
    Series(SnapshotSeries<'a>),
    /// All deletions in the head.
    Tombstones(Tombstones),
    /// Some of the exemplars.
    Exemplars(Vec<ExemplarEntry>),
}

/// A series of the head.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotSeries<'a> {
    /// Its reference.
    pub series: SeriesRef,
    /// Who it is.
    pub labels: Labels,
    /// Its newest chunk, if it has one that is not in `chunks_head/`.
    pub chunk: Option<SnapshotChunk<'a>>,
}

/// The newest chunk of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotChunk<'a> {
    /// First to last sample.
    pub range: TimeRange,
    /// How the samples are encoded.
    pub encoding: Encoding,
    /// The chunk itself.
    pub data: &'a [u8],
    /// Where `data` begins in the record.
    pub data_offset: u64,
    /// The last sample.
    pub last: LastSample,
}

/// The last sample of a snapshot's chunk, from which appending would go on.
#[derive(Debug, Clone, PartialEq)]
pub enum LastSample {
    /// Of a chunk of floats.
    Float(f64),
    /// Of a chunk of histograms; `None` when it is of an unknown schema.
    Histogram(Option<Histogram>),
}

/// Reads the record that `r` holds.
///
/// # Errors
/// The type is not known, or the bytes break the format.
pub fn read_snapshot_record<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<SnapshotRecord<'a>> {
    let start = r.offset();
    match r.u8("record_type")? {
        1 => read_series(r).map(SnapshotRecord::Series),
        2 => read_tombstones(r).map(SnapshotRecord::Tombstones),
        3 => {
            let mut entries = Vec::new();
            read_exemplars(r, &mut entries)?;
            Ok(SnapshotRecord::Exemplars(entries))
        }
        other => {
            let expected = "1 (series), 2 (tombstones) or 3 (exemplars)";
            Err(Error::damaged("record_type", start, expected, other.to_string()).with_help(format!(
                "Prometheus replays the WAL instead: unsupported snapshot record type 0b{other:b}"
            )))
        }
    }
}

/// Appends the record of a series.
///
/// # Panics
/// The last sample of its chunk is a histogram of an unknown schema: such are only read.
pub(super) fn put_series(own: &SnapshotSeries<'_>, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&own.series.0.to_be_bytes());
    put_labels(&own.labels, out);
    out.extend_from_slice(&[0; 8]);
    put_uvarint(out, u64::from(own.chunk.is_some()));
    let Some(chunk) = &own.chunk else { return };
    out.extend_from_slice(&chunk.range.min_time.to_be_bytes());
    out.extend_from_slice(&chunk.range.max_time.to_be_bytes());
    out.push(chunk.encoding.byte());
    put_string(out, chunk.data);
    match &chunk.last {
        LastSample::Float(value) => {
            // Three samples that older versions kept, and the time of the last.
            out.extend_from_slice(&[0; 3 * 16 + 8]);
            out.extend_from_slice(&value.to_bits().to_be_bytes());
        }
        LastSample::Histogram(last) => {
            put_histogram(last.as_ref().expect("a histogram of the head has a schema"), out);
        }
    }
}

/// Appends the record of all deletions.
pub(super) fn put_tombstones<'a>(
    all: impl Iterator<Item = (SeriesRef, &'a TimeRange)>,
    out: &mut Vec<u8>,
) {
    let mut body = vec![1];
    for (series, range) in all {
        put_uvarint(&mut body, series.0);
        put_varint(&mut body, range.min_time);
        put_varint(&mut body, range.max_time);
    }
    out.push(2);
    put_string(out, &body);
}

/// Appends a record of exemplars, of which there must be some.
pub(super) fn put_exemplars(entries: &[ExemplarEntry], out: &mut Vec<u8>) {
    let start = out.len();
    encode_exemplars(entries, out);
    out[start] = 3;
}

fn read_series<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<SnapshotSeries<'a>> {
    let series = SeriesRef(r.u64("series_ref")?);
    let labels = read_labels(r, &mut Vec::new())?;
    r.i64("unused")?;
    let chunk = if r.uvarint("has_chunk")? == 0 { None } else { Some(read_chunk(r)?) };
    Ok(SnapshotSeries { series, labels, chunk })
}

fn read_chunk<'a, T: Trace>(r: &mut Reader<'a, T>) -> Result<SnapshotChunk<'a>> {
    let range = TimeRange::new(r.i64("min_time")?, r.i64("max_time")?);
    let encoding_at = r.offset();
    let byte = r.u8("encoding")?;
    let Some(encoding) = Encoding::from_byte(byte) else {
        return Err(Error::damaged("encoding", encoding_at, "1 to 6", byte.to_string()));
    };
    let data = r.string("data")?;
    let data_offset = r.offset() - data.len() as u64;
    let last = match encoding {
        Encoding::Xor | Encoding::Xor2 => {
            for _ in 0..3 {
                r.i64("unused_time")?;
                r.f64("unused_value")?;
            }
            r.i64("unused_time")?;
            LastSample::Float(r.f64("last_value")?)
        }
        Encoding::Histogram | Encoding::HistogramStart => {
            LastSample::Histogram(read_histogram(r, false, &mut SpanCache::default())?)
        }
        Encoding::FloatHistogram | Encoding::FloatHistogramStart => {
            LastSample::Histogram(read_histogram(r, true, &mut SpanCache::default())?)
        }
    };
    Ok(SnapshotChunk { range, encoding, data, data_offset, last })
}

fn read_tombstones<T: Trace>(r: &mut Reader<'_, T>) -> Result<Tombstones> {
    let length_at = r.offset();
    let length = r.uvarint("length")?;
    if length != r.remaining() as u64 {
        let found = format!("{length}, with {} bytes left", r.remaining());
        return Err(Error::damaged("length", length_at, "the rest of the record", found));
    }
    let version_at = r.offset();
    let version = r.u8("version")?;
    if version != 1 {
        return Err(Error::damaged("version", version_at, "1", version.to_string()));
    }
    let mut tombstones = Tombstones::default();
    while !r.is_at_end() {
        r.open("tombstone");
        let series = SeriesRef(r.uvarint("series_ref")?);
        let range = TimeRange::new(r.varint("min_time")?, r.varint("max_time")?);
        r.close(format_args!("series {series}, {} to {}", range.min_time, range.max_time));
        tombstones.add(series, range);
    }
    Ok(tombstones)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to the zeros: 16 bytes of the chunk, then what older versions kept the last samples in.
    const SERIES: &str = "01000000000000000203085f5f6e616d655f5f016d0161013201620178000000000000\
        00000100000000006ddd000000000000a78aa00121004080f4ee064014000000000000e0d403";
    const TOMBSTONES: &str = "020a010180c8d00780d1ca08";
    const EXEMPLARS: &str = "03000000000000000100000000005b8d800000400800000000000001027472017a";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    fn series_record() -> Vec<u8> {
        let mut record = bytes(SERIES);
        record.resize(record.len() + 16 + 56, 0);
        record.extend(5.0f64.to_be_bytes());
        record
    }

    #[test]
    fn a_series_with_its_open_chunk() {
        let bytes = series_record();
        let mut r = Reader::new(&bytes, 0);
        let SnapshotRecord::Series(series) = read_snapshot_record(&mut r).unwrap() else {
            panic!("a series")
        };
        assert!(r.is_at_end());
        assert_eq!(series.series, SeriesRef(2));
        assert_eq!(series.labels.to_string(), r#"m{a="2", b="x"}"#);
        let chunk = series.chunk.unwrap();
        assert_eq!(chunk.range, TimeRange::new(7_200_000, 10_980_000));
        assert_eq!((chunk.encoding, chunk.data.len()), (Encoding::Xor, 33));
        assert_eq!(chunk.last, LastSample::Float(5.0));
        assert_eq!(bytes[chunk.data_offset as usize..][..2], [0, 64]);
    }

    #[test]
    fn records_are_written_as_they_were() {
        let written = |put: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            put(&mut out);
            out
        };
        let record = series_record();
        let read = read_snapshot_record(&mut Reader::new(&record, 0)).unwrap();
        let SnapshotRecord::Series(series) = read else { panic!("a series") };
        assert_eq!(written(&|out| put_series(&series, out)), record);
        let deleted = [(SeriesRef(1), &TimeRange::new(8_000_000, 9_000_000))];
        let record = written(&|out| put_tombstones(deleted.into_iter(), out));
        assert_eq!(record, bytes(TOMBSTONES));
        let record = bytes(EXEMPLARS);
        let read = read_snapshot_record(&mut Reader::new(&record, 0)).unwrap();
        let SnapshotRecord::Exemplars(exemplars) = read else { panic!("exemplars") };
        assert_eq!(written(&|out| put_exemplars(&exemplars, out)), record);
    }

    #[test]
    fn tombstones_and_exemplars() {
        let bytes_of_tombstones = bytes(TOMBSTONES);
        let mut r = Reader::new(&bytes_of_tombstones, 0);
        let SnapshotRecord::Tombstones(tombstones) = read_snapshot_record(&mut r).unwrap() else {
            panic!("tombstones")
        };
        let ranges = tombstones.of(SeriesRef(1)).unwrap().ranges().to_vec();
        assert_eq!(ranges, [TimeRange::new(8_000_000, 9_000_000)]);
        let bytes_of_exemplars = bytes(EXEMPLARS);
        let mut r = Reader::new(&bytes_of_exemplars, 0);
        let SnapshotRecord::Exemplars(exemplars) = read_snapshot_record(&mut r).unwrap() else {
            panic!("exemplars")
        };
        assert_eq!((exemplars[0].series.0, exemplars[0].time), (1, 6_000_000));
        assert_eq!((exemplars[0].value, exemplars[0].labels.get("tr")), (3.0, Some("z")));
    }

    #[test]
    fn other_records_are_refused_and_cuts_noticed() {
        let error = read_snapshot_record(&mut Reader::new(&[9, 0], 0)).unwrap_err();
        assert!(error.to_string().contains("unsupported snapshot record type 0b1001"));
        let series = series_record();
        for cut in 0..series.len() {
            assert!(read_snapshot_record(&mut Reader::new(&series[..cut], 0)).is_err());
        }
    }
}
