//! Metadata records: type, unit and help of a series' metric.
//!
//! ```text
//! u8 6, then per series: uvarint reference, u8 metric type, uvarint field count,
//!                        per field: string name, string value
//! ```
//!
//! Fields `UNIT` and `HELP` are written, in this order; others are skipped when they are read. The
//! reference is no fixed eight bytes here.

use crate::encoding::{Reader, Trace, put_string, put_uvarint};
use crate::error::Result;
use crate::types::SeriesRef;
use crate::wal::entries::{MetadataEntry, MetricType};

pub(super) fn read<T: Trace>(
    r: &mut Reader<'_, T>,
    entries: &mut Vec<MetadataEntry>,
) -> Result<()> {
    while !r.is_at_end() {
        r.open("metadata");
        let series = SeriesRef(r.uvarint("series_ref")?);
        let metric_type = metric_type(r.u8("metric_type")?);
        let (mut unit, mut help) = (String::new(), String::new());
        for _ in 0..r.count("field_count", 2)? {
            let (name, value) = (r.string("field_name")?, r.string("field_value")?);
            match name {
                b"UNIT" => unit = String::from_utf8_lossy(value).into_owned(),
                b"HELP" => help = String::from_utf8_lossy(value).into_owned(),
                _ => {}
            }
        }
        r.close(format_args!("series {series}, {metric_type:?}"));
        entries.push(MetadataEntry { series, metric_type, unit, help });
    }
    Ok(())
}

/// Appends a record of these entries; nothing when there are none.
pub fn encode_metadata(entries: &[MetadataEntry], out: &mut Vec<u8>) {
    if entries.is_empty() {
        return;
    }
    out.push(6);
    for entry in entries {
        put_uvarint(out, entry.series.0);
        out.extend_from_slice(&[metric_type_byte(entry.metric_type), 2]);
        for (name, value) in [("UNIT", &entry.unit), ("HELP", &entry.help)] {
            put_string(out, name.as_bytes());
            put_string(out, value.as_bytes());
        }
    }
}

fn metric_type(byte: u8) -> MetricType {
    match byte {
        1 => MetricType::Counter,
        2 => MetricType::Gauge,
        3 => MetricType::Histogram,
        4 => MetricType::GaugeHistogram,
        5 => MetricType::Summary,
        6 => MetricType::Info,
        7 => MetricType::StateSet,
        _ => MetricType::Unknown,
    }
}

fn metric_type_byte(metric_type: MetricType) -> u8 {
    match metric_type {
        MetricType::Unknown => 0,
        MetricType::Counter => 1,
        MetricType::Gauge => 2,
        MetricType::Histogram => 3,
        MetricType::GaugeHistogram => 4,
        MetricType::Summary => 5,
        MetricType::Info => 6,
        MetricType::StateSet => 7,
    }
}
