//! `select SELECTOR [FROM..TO]`: series with their samples, as a query gets them.

use std::fmt::Write;

use chunkscope::labels::parse_selector;
use chunkscope::query::{Queryable, ReadStats, read_merged, select_merged};
use chunkscope::types::{Samples, TimeRange, Timestamp};

use super::language::Command;
use super::records::count;
use super::words::{Answer, show_number, time_range};

/// Samples that are shown before the middle is left out.
const SHOWN: usize = 8;

/// Answers from these sources as one.
pub(super) fn select(sources: &[&dyn Queryable], command: &Command) -> Answer {
    command.knows(&[])?;
    let matchers = parse_selector(command.word(0, "a selector")?);
    let matchers = matchers.map_err(|error| error.to_string())?;
    let range = match command.words.get(1) {
        Some(range) => time_range(range).map(|(from, to)| TimeRange::new(from, to))?,
        None => TimeRange::ALL,
    };
    let mut stats = vec![ReadStats::default(); sources.len()];
    let mut text = String::new();
    let found = select_merged(sources, &matchers, range, &mut stats);
    for series in found.map_err(|error| error.to_string())? {
        let mut samples = Samples::default();
        read_merged(sources, &series, range, &mut stats, &mut samples)
            .map_err(|error| error.to_string())?;
        let _ = writeln!(text, "{} {}", series.labels, show(&samples));
    }
    for problem in stats.iter().flat_map(|stats| &stats.problems) {
        let _ = writeln!(text, "problem: {problem}");
    }
    Ok(if text.is_empty() { "no series\n".into() } else { text })
}

fn show(samples: &Samples) -> String {
    let floats = samples.floats.times.iter().zip(&samples.floats.values);
    let floats = floats.map(|(time, value)| (*time, show_number(*value)));
    let histograms = samples.histograms.times.iter().zip(&samples.histograms.values);
    let histograms = histograms.map(|(time, value)| (*time, format!("count {}", count(value))));
    let mut all: Vec<(Timestamp, String)> = floats.chain(histograms).collect();
    all.sort();
    shortened(&all)
}

fn shortened(samples: &[(Timestamp, String)]) -> String {
    let show = |sample: &(Timestamp, String)| format!("{} → {}", sample.0, sample.1);
    let shown: Vec<String> = match samples.len() {
        0 => return "no samples".into(),
        len if len <= SHOWN => samples.iter().map(show).collect(),
        len => {
            let (first, last) =
                (samples[..2].iter().map(show), samples[len - 2..].iter().map(show));
            first.chain([format!("… {} more …", len - 4)]).chain(last).collect()
        }
    };
    shown.join(", ")
}
