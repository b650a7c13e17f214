//! Records with start timestamps (types 11, 12 and 13): when a counter began to count.
//!
//! ```text
//! u8 11, 12 or 13
//! first entry:  varint reference, varint time, varint start time (0 = none), value
//! later ones:   varint reference − the entry before, varint time − the FIRST entry, marker, value
//! marker        0 none; 1 as the entry before; else a varint follows: start time − the first one
//! value         11: be64 float bits; 12: integer histogram; 13: float histogram
//! ```

use super::histogram_value::{SpanCache, put_histogram, read_histogram};
use crate::encoding::{Reader, Trace, put_varint};
use crate::error::Result;
use crate::types::{SeriesRef, Timestamp};
use crate::wal::entries::{HistogramEntry, SampleEntry};

/// What the head of an entry says, and what the next one counts from.
#[derive(Default)]
struct Head {
    began: bool,
    series: u64,
    time: Timestamp,
    start_time: Timestamp,
    first_time: Timestamp,
    first_start_time: Timestamp,
}

impl Head {
    #[inline]
    fn read<T: Trace>(&mut self, r: &mut Reader<'_, T>) -> Result<()> {
        if !self.began {
            self.began = true;
            self.series = r.varint("series_ref")? as u64;
            self.time = r.varint("time")?;
            self.start_time = r.varint("start_time")?;
            self.first_time = self.time;
            self.first_start_time = self.start_time;
            return Ok(());
        }
        self.series = self.series.wrapping_add_signed(r.varint("series_ref_delta")?);
        self.time = self.first_time.wrapping_add(r.varint("time_delta")?);
        self.start_time = match r.u8("start_time_marker")? {
            0 => 0,
            1 => self.start_time,
            _ => self.first_start_time.wrapping_add(r.varint("start_time_delta")?),
        };
        Ok(())
    }

    /// Appends the head of an entry. Start time 0 is always marker 0, also where the entry before
    /// had none.
    #[inline]
    fn put(&mut self, series: u64, time: Timestamp, start_time: Timestamp, out: &mut Vec<u8>) {
        if !self.began {
            *self = Self {
                began: true,
                series,
                time,
                start_time,
                first_time: time,
                first_start_time: start_time,
            };
            put_varint(out, series as i64);
            put_varint(out, time);
            put_varint(out, start_time);
            return;
        }
        put_varint(out, series.wrapping_sub(self.series) as i64);
        put_varint(out, time.wrapping_sub(self.first_time));
        if start_time == 0 {
            out.push(0);
        } else if start_time == self.start_time {
            out.push(1);
        } else {
            out.push(2);
            put_varint(out, start_time.wrapping_sub(self.first_start_time));
        }
        (self.series, self.time, self.start_time) = (series, time, start_time);
    }
}

/// Appends a record of these entries with their start timestamps; nothing when there are none.
pub fn encode_samples_with_start_time(entries: &[SampleEntry], out: &mut Vec<u8>) {
    if entries.is_empty() {
        return;
    }
    out.reserve(1 + entries.len() * 14);
    out.push(11);
    let mut head = Head::default();
    for entry in entries {
        head.put(entry.series.0, entry.time, entry.start_time, out);
        out.extend_from_slice(&entry.value.to_bits().to_be_bytes());
    }
}

/// Appends the entries, without the type byte; gives how many there were.
pub(super) fn put_histograms<'a>(
    entries: impl Iterator<Item = &'a HistogramEntry>,
    out: &mut Vec<u8>,
) -> usize {
    let mut head = Head::default();
    let mut written = 0;
    for entry in entries {
        head.put(entry.series.0, entry.time, entry.start_time, out);
        put_histogram(&entry.histogram, out);
        written += 1;
    }
    written
}

pub(super) fn read_samples<T: Trace>(
    r: &mut Reader<'_, T>,
    entries: &mut Vec<SampleEntry>,
) -> Result<()> {
    let mut head = Head::default();
    while !r.is_at_end() {
        r.open("sample");
        head.read(r)?;
        let value = r.f64("value")?;
        let (series, time, start_time) = (SeriesRef(head.series), head.time, head.start_time);
        r.close(format_args!("series {series}, {time} = {value}, since {start_time}"));
        entries.push(SampleEntry { series, time, start_time, value });
    }
    Ok(())
}

/// Reads the entries; gives how many were left out.
pub(super) fn read_histograms<T: Trace>(
    r: &mut Reader<'_, T>,
    float: bool,
    cache: &mut SpanCache,
    entries: &mut Vec<HistogramEntry>,
) -> Result<u64> {
    let mut head = Head::default();
    let mut skipped = 0;
    while !r.is_at_end() {
        r.open("histogram");
        head.read(r)?;
        let histogram = read_histogram(r, float, cache)?;
        let (series, time, start_time) = (SeriesRef(head.series), head.time, head.start_time);
        r.close(format_args!("series {series}, {time}, since {start_time}"));
        match histogram {
            Some(histogram) => {
                entries.push(HistogramEntry { series, time, start_time, histogram });
            }
            None => skipped += 1,
        }
    }
    Ok(skipped)
}
