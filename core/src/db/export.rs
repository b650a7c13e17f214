//! Samples of an open directory as OpenMetrics text, like `promtool tsdb dump-openmetrics`.

use serde::Serialize;

use super::read::each_series;
use super::state::Db;
use crate::error::Result;
use crate::labels::Matcher;
use crate::openmetrics::{END, write_series};
use crate::query::ReadStats;
use crate::types::{TimeRange, is_stale};

/// What an export wrote, and what the text cannot hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Series with at least one float sample.
    pub series: u64,
    /// Samples written.
    pub samples: u64,
    /// Of them, stale markers: they read back as plain NaN.
    pub stale_markers: u64,
    /// Native histograms left out: the text has no form for them.
    pub histograms_left_out: u64,
    /// Start timestamps left out.
    pub start_times_left_out: u64,
}

/// Writes the float samples of the series that one of the `selectors` chooses (none = all) in
/// `range`, series by series, with `# EOF` at the end.
///
/// # Errors
/// `write` fails, or a source cannot be read at all. Damage goes to `stats`.
pub fn export_openmetrics(
    db: &Db,
    selectors: &[Vec<Matcher>],
    range: TimeRange,
    stats: &mut ReadStats,
    write: &mut dyn FnMut(&str) -> Result<()>,
) -> Result<Exported> {
    let mut done = Exported::default();
    let mut text = String::new();
    each_series(db, selectors, range, stats, &mut |labels, samples| {
        let count = |times: &[i64]| times.iter().filter(|time| **time != 0).count() as u64;
        done.histograms_left_out += samples.histograms.len() as u64;
        done.start_times_left_out +=
            count(&samples.floats.start_times) + count(&samples.histograms.start_times);
        if samples.floats.is_empty() {
            return Ok(());
        }
        done.series += 1;
        done.samples += samples.floats.len() as u64;
        let stale = samples.floats.values.iter().filter(|value| is_stale(**value));
        done.stale_markers += stale.count() as u64;
        text.clear();
        write_series(labels, &samples.floats, &mut text);
        write(&text)
    })?;
    write(END)?;
    Ok(done)
}
