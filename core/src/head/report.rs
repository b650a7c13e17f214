//! The head as plain data, for the command line and the page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counters::ReplayCounters;
use super::open_chunk::OpenChunk;
use super::series::Series;
use super::state::Head;
use crate::event::Finding;
use crate::labels::Labels;
use crate::types::{SeriesRef, Timestamp};
use crate::wal::MetricType;

/// What a head holds. Times are milliseconds; empty ranges are inverted (`min` is the largest
/// number, `max` the smallest), as upstream keeps them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeadReport {
    /// First in-order sample, or the end of the newest block.
    pub min_time: Timestamp,
    /// Last in-order sample.
    pub max_time: Timestamp,
    /// In-order samples before this are in blocks.
    pub min_valid_time: Timestamp,
    /// First out-of-order sample.
    #[serde(rename = "min_ooo_time")]
    pub min_out_of_order_time: Timestamp,
    /// Last out-of-order sample.
    #[serde(rename = "max_ooo_time")]
    pub max_out_of_order_time: Timestamp,
    /// The highest reference that was given to a series.
    pub last_series_id: u64,
    /// Number of series.
    pub num_series: usize,
    /// Series whose newest sample is a stale marker.
    pub num_stale_series: usize,
    /// Deleted intervals, closed, by reference.
    pub tombstones: BTreeMap<String, Vec<[Timestamp; 2]>>,
    /// Up to when the log must keep a reference that has no series of its own any more.
    pub wal_expiries: BTreeMap<String, Timestamp>,
    /// The series, by reference.
    pub series: Vec<SeriesReport>,
    /// Exemplars kept.
    pub num_exemplars: usize,
    /// What the replay read, and what became of it.
    pub counters: ReplayCounters,
    /// What is damaged or unusual.
    pub findings: Vec<Finding>,
}

/// What the head holds of one series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesReport {
    /// Its reference.
    #[serde(rename = "ref")]
    pub reference: SeriesRef,
    /// Who it is.
    pub labels: Labels,
    /// Complete in-order chunks.
    pub mmapped_chunks: usize,
    /// Open chunks, 0 or 1.
    pub head_chunks: usize,
    /// Out-of-order chunks.
    #[serde(rename = "ooo_mmapped_chunks", default, skip_serializing_if = "is_zero")]
    pub out_of_order_chunks: usize,
    /// Samples in the out-of-order buffer.
    #[serde(rename = "ooo_buffer_samples", default, skip_serializing_if = "is_zero")]
    pub out_of_order_samples: usize,
    /// Type, unit and help of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<MetadataReport>,
}

/// Type, unit and help of a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataReport {
    /// What kind of metric, in Prometheus' words.
    #[serde(rename = "type")]
    pub metric_type: String,
    /// Its unit.
    pub unit: String,
    /// Its description.
    pub help: String,
}

/// An exemplar and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExemplar<'a> {
    /// The series.
    pub series: &'a Labels,
    /// When.
    pub time: Timestamp,
    /// Its value.
    pub value: f64,
    /// Its labels.
    pub labels: &'a Labels,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Head {
    /// The head as plain data, with all its series.
    #[must_use]
    pub fn report(&self) -> HeadReport {
        let mut series: Vec<_> = self.registry.iter().map(|(_, own)| series_report(own)).collect();
        series.sort_by_key(|own| own.reference);
        HeadReport {
            min_time: self.bounds.in_order.min_time,
            max_time: self.bounds.in_order.max_time,
            min_valid_time: self.bounds.min_valid_time,
            min_out_of_order_time: self.bounds.out_of_order.min_time,
            max_out_of_order_time: self.bounds.out_of_order.max_time,
            last_series_id: self.last_series,
            num_series: series.len(),
            num_stale_series: self.registry.iter().filter(|(_, own)| own.is_stale()).count(),
            tombstones: self.tombstone_lists(),
            wal_expiries: self
                .wal_expiries
                .iter()
                .map(|(reference, time)| (reference.to_string(), *time))
                .collect(),
            series,
            num_exemplars: self.exemplars.len(),
            counters: self.counters.clone(),
            findings: self.findings.clone(),
        }
    }

    fn tombstone_lists(&self) -> BTreeMap<String, Vec<[Timestamp; 2]>> {
        let lists = self.tombstones.iter().map(|(reference, deleted)| {
            let ranges = deleted.intervals.ranges().iter().chain(&deleted.inverted);
            let mut list: Vec<_> = ranges.map(|range| [range.min_time, range.max_time]).collect();
            list.sort_unstable();
            (reference.to_string(), list)
        });
        lists.collect()
    }

    /// The exemplars, series by series in order of labels, each in order of time.
    #[must_use]
    pub fn exemplars(&self) -> Vec<SeriesExemplar<'_>> {
        let mut all: Vec<_> = self
            .exemplars
            .iter()
            .filter_map(|kept| {
                Some(SeriesExemplar {
                    series: self.registry.get(kept.slot)?.labels(),
                    time: kept.time,
                    value: kept.value,
                    labels: &kept.labels,
                })
            })
            .collect();
        all.sort_by(|one, other| (one.series, one.time).cmp(&(other.series, other.time)));
        all
    }
}

fn series_report(series: &Series) -> SeriesReport {
    let late = series.out_of_order();
    SeriesReport {
        reference: series.reference(),
        labels: series.labels().clone(),
        mmapped_chunks: series.chunks().len(),
        head_chunks: usize::from(!matches!(series.open, OpenChunk::None)),
        out_of_order_chunks: late.map_or(0, |late| late.chunks.len()),
        out_of_order_samples: late.map_or(0, |late| late.buffer().len()),
        metadata: series.metadata().map(|own| MetadataReport {
            metric_type: type_name(own.metric_type).to_owned(),
            unit: own.unit.clone(),
            help: own.help.clone(),
        }),
    }
}

/// Prometheus' name of a metric type.
fn type_name(metric_type: MetricType) -> &'static str {
    match metric_type {
        MetricType::Unknown => "unknown",
        MetricType::Counter => "counter",
        MetricType::Gauge => "gauge",
        MetricType::Histogram => "histogram",
        MetricType::GaugeHistogram => "gaugehistogram",
        MetricType::Summary => "summary",
        MetricType::Info => "info",
        MetricType::StateSet => "stateset",
    }
}
