//! What the words of a command stand for: times, samples, ranges, series.

use chunkscope::labels::{Labels, MatchOperator, parse_selector};
use chunkscope::types::{
    Buckets, CounterReset, Duration, Histogram, Span, Timestamp, is_stale, parse_duration,
    stale_marker,
};

use super::language::Command;

/// What a command answers: lines, or why it failed.
pub(super) type Answer = Result<String, String>;

impl Command {
    /// The word at `index`.
    pub(super) fn word(&self, index: usize, what: &str) -> Result<&str, String> {
        let word = self.words.get(index).map(String::as_str);
        word.ok_or_else(|| format!("{} needs {what}", self.name))
    }

    /// The value of `key=`, the last one if there are several.
    pub(super) fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// The value of `key=` as a time or a length of time, or `default`.
    pub(super) fn time_or(&self, key: &str, default: Timestamp) -> Result<Timestamp, String> {
        self.setting(key).map_or(Ok(default), time)
    }

    /// The value of `key=` as a number, or `default`.
    pub(super) fn number_or<T: std::str::FromStr>(
        &self,
        key: &str,
        default: T,
    ) -> Result<T, String> {
        let parse = |text: &str| text.parse().map_err(|_| format!("{key}={text} is no number"));
        self.setting(key).map_or(Ok(default), parse)
    }

    /// Whether `tag` stands behind the command.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// Refuses settings that the command does not know.
    pub(super) fn knows(&self, keys: &[&str]) -> Result<(), String> {
        let stranger = self.settings.iter().find(|(key, _)| !keys.contains(&key.as_str()));
        stranger.map_or(Ok(()), |(key, _)| Err(format!("{} knows no {key}=", self.name)))
    }
}

/// Milliseconds: a plain number, or a duration after 1970: `15000`, `15s`, `-2h`.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let length: Option<Duration> = rest.parse().ok().or_else(|| parse_duration(rest));
    length
        .map(|length| sign * length)
        .ok_or_else(|| format!("{text:?} is no time: 15000, 15s, -2h"))
}

/// `FROM..TO`.
pub(super) fn time_range(text: &str) -> Result<(Timestamp, Timestamp), String> {
    let (from, to) = text.split_once("..").ok_or_else(|| format!("{text:?} is no FROM..TO"))?;
    Ok((time(from)?, time(to)?))
}

/// `VALUE@TIME`.
pub(super) fn sample(text: &str) -> Result<(Timestamp, f64), String> {
    let (value, at) = text.split_once('@').ok_or_else(|| format!("{text:?} is no VALUE@TIME"))?;
    Ok((time(at)?, number(value)?))
}

/// `COUNT,COUNT,…@TIME`: an integer histogram of schema 0, whose positive buckets from index 1 on
/// have these counts. Its sum takes each observation at the upper bound of its bucket.
pub(super) fn histogram(text: &str) -> Result<(Timestamp, Histogram), String> {
    let refuse = || format!("{text:?} is no COUNT,COUNT@TIME");
    let (counts, at) = text.split_once('@').ok_or_else(refuse)?;
    let counts = counts.split(',').map(str::parse).collect::<Result<Vec<i64>, _>>();
    let counts = counts.map_err(|_| refuse())?;
    let before = std::iter::once(&0).chain(&counts);
    let buckets = Buckets::Integer {
        count: counts.iter().sum::<i64>() as u64,
        zero_count: 0,
        positive: counts.iter().zip(before).map(|(count, before)| count - before).collect(),
        negative: Vec::new(),
    };
    let bounds = (1..).map(|index| 2f64.powi(index));
    let value = Histogram {
        counter_reset: CounterReset::Unknown,
        schema: 0,
        zero_threshold: 0.0,
        sum: counts.iter().zip(bounds).map(|(count, bound)| *count as f64 * bound).sum(),
        positive_spans: vec![Span { offset: 1, length: counts.len() as u32 }].into(),
        negative_spans: Vec::new().into(),
        custom_values: Vec::new().into(),
        buckets,
    };
    Ok((time(at)?, value))
}

/// A float; `stale` is the marker.
pub(super) fn number(text: &str) -> Result<f64, String> {
    if text == "stale" {
        return Ok(stale_marker());
    }
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// A float as scripts show it.
pub(super) fn show_number(value: f64) -> String {
    if is_stale(value) { "stale".into() } else { value.to_string() }
}

/// `name{label="value"}` as the labels of one series.
pub(super) fn series(text: &str) -> Result<Labels, String> {
    let matchers = parse_selector(text).map_err(|error| error.to_string())?;
    match matchers.iter().find(|matcher| matcher.operator() != MatchOperator::Equal) {
        Some(matcher) => Err(format!("{matcher} is no label")),
        None => {
            let pairs = matchers.iter().map(|matcher| (matcher.name(), matcher.value()));
            Ok(Labels::from_pairs(pairs))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_times_samples_and_series() {
        assert_eq!(sample("1.5@15s"), Ok((15_000, 1.5)));
        assert_eq!(sample("-3@-2h").map(|(at, _)| at), Ok(-7_200_000));
        assert!(is_stale(sample("stale@7").unwrap().1));
        assert_eq!(time_range("0..2h"), Ok((0, 7_200_000)));
        let labels = series(r#"up{job="a b"}"#).unwrap();
        assert_eq!(labels.to_string(), r#"up{job="a b"}"#);
        assert!(series("up{job=~\"a\"}").is_err() && sample("1").is_err() && time("x").is_err());
    }
}
