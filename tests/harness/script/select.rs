//! `select SELECTOR [FROM..TO]`: series with their samples, as a query gets them.

use std::fmt::Write;

use chunkscope::db::{Db, each_series};
use chunkscope::labels::parse_selector;
use chunkscope::query::ReadStats;
use chunkscope::types::{TimeRange, Timestamp};

use super::language::Command;
use super::records::count;
use super::words::{Answer, show_number, time_range};

/// Samples that are shown before the middle is left out.
const SHOWN: usize = 8;

pub(super) fn select(db: &Db, command: &Command) -> Answer {
    command.knows(&[])?;
    let matchers = parse_selector(command.word(0, "a selector")?);
    let matchers = matchers.map_err(|error| error.to_string())?;
    let range = match command.words.get(1) {
        Some(range) => time_range(range).map(|(from, to)| TimeRange::new(from, to))?,
        None => TimeRange::ALL,
    };
    let (mut text, mut stats) = (String::new(), ReadStats::default());
    each_series(db, &[matchers], range, &mut stats, &mut |labels, samples| {
        let floats = samples.floats.times.iter().zip(&samples.floats.values);
        let floats = floats.map(|(time, value)| (*time, show_number(*value)));
        let histograms = samples.histograms.times.iter().zip(&samples.histograms.values);
        let histograms = histograms.map(|(time, value)| (*time, format!("count {}", count(value))));
        let mut all: Vec<(Timestamp, String)> = floats.chain(histograms).collect();
        all.sort();
        let _ = writeln!(text, "{labels} {}", shortened(&all));
        Ok(())
    })
    .map_err(|error| error.to_string())?;
    for problem in &stats.problems {
        let _ = writeln!(text, "problem: {problem}");
    }
    Ok(if text.is_empty() { "no series\n".into() } else { text })
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
