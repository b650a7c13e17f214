//! One thing that is done to a database, as plain data.

use std::fmt;

/// The bits of a stale marker.
pub(super) const STALE: u64 = 0x7ff0_0000_0000_0002;

/// What a sample holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// The bits of a float. A stale marker is this in every series.
    Float(u64),
    /// A native histogram, made from this number.
    Histogram(u32),
}

impl Value {
    /// The marker that a series has ended.
    pub const STALE: Self = Self::Float(STALE);

    /// A float.
    #[must_use]
    pub fn float(value: f64) -> Self {
        Self::Float(value.to_bits())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(STALE) => f.write_str("stale"),
            Self::Float(bits) => write!(f, "{}", f64::from_bits(*bits)),
            Self::Histogram(number) => write!(f, "h{number}"),
        }
    }
}

/// A sample of the series of this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Which series; [`labels_of`] names it.
    pub series: u32,
    /// When, in milliseconds.
    pub time: i64,
    /// What.
    pub value: Value,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Samples go into one appender, which is committed or rolled back.
    Append {
        /// The samples, in the order they are appended.
        samples: Vec<Sample>,
        /// False: rolled back.
        commit: bool,
    },
    /// Samples of some series from `min_time` to `max_time`, both inside, are deleted.
    Delete {
        /// The series.
        series: Vec<u32>,
        /// The first time.
        min_time: i64,
        /// The last time.
        max_time: i64,
    },
    /// All that is due: head blocks, out-of-order blocks, merges, retention.
    Upkeep,
    /// So many bounded steps of what is due; it goes on with the next ones.
    Work(usize),
    /// Blocks with tombstones are written anew.
    Clean,
    /// The process stops as it should, and starts again.
    Reopen,
    /// The process is killed, and starts again: what was handed to the system is there.
    Crash,
    /// The power fails: what was not synced is gone.
    PowerLoss,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append { samples, commit } => {
                f.write_str(if *commit { "commit" } else { "roll back" })?;
                samples
                    .iter()
                    .try_for_each(|own| write!(f, " s{}@{}={}", own.series, own.time, own.value))
            }
            Self::Delete { series, min_time, max_time } => {
                write!(f, "delete {min_time} to {max_time} of")?;
                series.iter().try_for_each(|own| write!(f, " s{own}"))
            }
            Self::Upkeep => f.write_str("upkeep"),
            Self::Work(steps) => write!(f, "{steps} steps of upkeep"),
            Self::Clean => f.write_str("clean tombstones"),
            Self::Reopen => f.write_str("reopen"),
            Self::Crash => f.write_str("crash"),
            Self::PowerLoss => f.write_str("power loss"),
        }
    }
}

/// How a database is set up for a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Milliseconds of a head block.
    pub chunk_range: i64,
    /// Milliseconds that a sample may be late; 0 = none may.
    pub window: i64,
    /// Blocks that end so many milliseconds before the newest one go; none: all stay.
    pub retention: Option<i64>,
    /// Every commit is synced before it is acknowledged.
    pub sync_commits: bool,
    /// The rest.
    pub tuning: Tuning,
}

/// How a database is set up in what changes no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// Records of the logs are compressed.
    pub compressed: bool,
    /// Floats are encoded as XOR2.
    pub xor2: bool,
    /// The head's memory is kept in a snapshot when it closes.
    pub snapshot: bool,
    /// Pages of a segment.
    pub segment_pages: u64,
    /// Samples of a chunk of floats.
    pub samples_per_chunk: u16,
    /// Late samples of a chunk of them.
    pub out_of_order_capacity: u8,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            compressed: true,
            xor2: false,
            snapshot: false,
            segment_pages: 4,
            samples_per_chunk: 120,
            out_of_order_capacity: 32,
        }
    }
}

/// A life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What it was made from.
    pub seed: u64,
    /// How the database is set up.
    pub settings: Settings,
    /// What happens.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Its first `steps` steps.
    #[must_use]
    pub fn prefix(&self, steps: usize) -> Self {
        Self { steps: self.steps[..steps.min(self.steps.len())].to_vec(), ..self.clone() }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} {:?}", self.seed, self.settings)?;
        let mut steps = self.steps.iter().enumerate();
        steps.try_for_each(|(number, step)| writeln!(f, "{number:4}  {step}"))
    }
}

/// Labels of the series of this number, sorted by name. Some values are hard to store.
#[must_use]
pub fn labels_of(series: u32) -> Vec<(String, String)> {
    let odd = ["plain", "", "épsilon ☃", "a \"quoted\" \\ line\nand another", "x\u{7f}\u{1}"];
    let name = if is_histogram(series) { "latency" } else { "requests_total" };
    let mut labels = vec![
        ("__name__", name.to_owned()),
        ("odd", odd[series as usize % odd.len()].to_owned()),
        ("series", series.to_string()),
    ];
    labels.retain(|(_, value)| !value.is_empty()); // an empty value is no label
    labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// True when the series of this number has histograms.
#[must_use]
pub fn is_histogram(series: u32) -> bool {
    series % 7 == 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_prints_itself() {
        let sample = |time, value| Sample { series: 3, time, value };
        let steps = vec![
            Step::Append {
                samples: vec![sample(5, Value::float(1.5)), sample(6, Value::STALE)],
                commit: true,
            },
            Step::Delete { series: vec![3, 4], min_time: 5, max_time: 6 },
            Step::Crash,
        ];
        let (retention, tuning) = (None, Tuning::default());
        let settings =
            Settings { chunk_range: 1000, window: 0, retention, sync_commits: false, tuning };
        let life = Scenario { seed: 7, settings, steps };
        let text = life.to_string();
        assert!(text.contains("   0  commit s3@5=1.5 s3@6=stale\n   1  delete 5 to 6 of s3 s4\n"));
        assert_eq!(life.prefix(1).to_string().lines().count(), 2);
    }

    #[test]
    fn series_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = (0..100).map(labels_of).collect();
        assert_eq!(names.len(), 100);
    }
}
