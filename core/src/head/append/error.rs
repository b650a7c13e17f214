//! Why something was not appended, in upstream's words.

use std::fmt;

use crate::error::Error;
use crate::types::{SeriesRef, Timestamp};

/// Why an appender did not take something. The texts are upstream's: clients match on them.
#[derive(Debug, Clone, PartialEq)]
pub enum AppendError {
    /// Older than what the head takes, and out-of-order samples are off.
    OutOfBounds,
    /// Not newer than the series, and out-of-order samples are off.
    OutOfOrder,
    /// Older than the window of out-of-order samples.
    TooOld,
    /// There is another sample at this time.
    Duplicate(Box<Duplicate>),
    /// A series without labels, or with one label twice; the sentence says which.
    InvalidSample(Box<str>),
    /// A histogram that contradicts itself; the sentence says how.
    InvalidHistogram(Box<str>),
    /// No series has this reference or these labels.
    UnknownSeries(SeriesRef),
    /// The labels of an exemplar are longer than 128 characters together.
    ExemplarTooLong,
    /// An exemplar older than the newest of its series.
    ExemplarOutOfOrder,
    /// A counter that tells to have begun when, or after, it was sampled.
    StartNotBefore,
    /// The series has samples since the counter began.
    StartOutOfOrder,
    /// The log cannot be written; nothing of the appender was applied.
    Log(Error),
}

/// Two samples at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicate {
    /// When.
    pub time: Timestamp,
    /// The value that is there; `None` for a histogram.
    pub existing: Option<f64>,
    /// The value that came; `None` for a histogram.
    pub new: Option<f64>,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds => f.write_str("out of bounds"),
            Self::OutOfOrder => f.write_str("out of order sample"),
            Self::TooOld => f.write_str("too old sample"),
            Self::Duplicate(duplicate) => duplicate.fmt(f),
            Self::InvalidSample(why) => write!(f, "{why}: invalid sample"),
            Self::InvalidHistogram(why) => f.write_str(why),
            Self::UnknownSeries(series) => write!(f, "unknown HeadSeriesRef: {series}"),
            Self::ExemplarTooLong => {
                f.write_str("label length for exemplar exceeds maximum of 128 UTF-8 characters")
            }
            Self::ExemplarOutOfOrder => f.write_str("out of order exemplar"),
            Self::StartNotBefore => {
                f.write_str("ST is newer or the same as sample's timestamp, ignoring")
            }
            Self::StartOutOfOrder => f.write_str("start timestamp out of order, ignoring"),
            Self::Log(error) => write!(f, "write to WAL: {error}"),
        }
    }
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("duplicate sample for timestamp")?;
        // Upstream says no more where the new sample is a histogram, or the time is 0.
        let Some(new) = self.new.filter(|_| self.time != 0) else { return Ok(()) };
        write!(f, " {}; overrides not allowed: existing ", self.time)?;
        match self.existing {
            Some(existing) => write!(f, "{}, ", Short(existing))?,
            None => f.write_str("is a histogram, ")?,
        }
        write!(f, "new value {}", Short(new))
    }
}

impl std::error::Error for AppendError {}

impl AppendError {
    /// The same as the error of the engine.
    #[must_use]
    pub fn into_error(self) -> Error {
        match self {
            Self::Log(error) => error,
            refused => Error::refused(refused.to_string()),
        }
    }
}

/// A float as Go's `%g` writes it: the shortest digits that mean it, with an exponent from 1e+06 up
/// and below 0.0001.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        if value.is_nan() {
            return f.write_str("NaN");
        }
        if value.is_infinite() {
            return f.write_str(if value > 0.0 { "+Inf" } else { "-Inf" });
        }
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        if (-4..6).contains(&exponent) {
            return write!(f, "{value}");
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(f, "{digits}e{sign}{:02}", exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_upstreams() {
        let duplicate = |time, existing, new| {
            AppendError::Duplicate(Box::new(Duplicate { time, existing, new })).to_string()
        };
        let plain = "duplicate sample for timestamp";
        assert_eq!(duplicate(0, Some(1.0), Some(2.0)), plain);
        assert_eq!(duplicate(5, None, None), plain);
        assert_eq!(
            duplicate(5, Some(1.5), Some(f64::NAN)),
            format!("{plain} 5; overrides not allowed: existing 1.5, new value NaN")
        );
        assert_eq!(
            duplicate(5, None, Some(2e22)),
            format!("{plain} 5; overrides not allowed: existing is a histogram, new value 2e+22")
        );
        let why = AppendError::InvalidSample("empty labelset".into()).to_string();
        assert_eq!(why, "empty labelset: invalid sample");
    }

    #[test]
    fn floats_are_written_as_go_does() {
        let texts = [0.0, -0.5, 123_456.5, 1_234_567.0, 1e-4, 1e-5, 1.5e300, f64::INFINITY]
            .map(|value| Short(value).to_string());
        let expected =
            ["0", "-0.5", "123456.5", "1.234567e+06", "0.0001", "1e-05", "1.5e+300", "+Inf"];
        assert_eq!(texts, expected);
    }
}
