//! One line of OpenMetrics text.
//!
//! ```text
//! line     = "# EOF" | "#" anything | series " " value [" " time] [" # " exemplar]
//! exemplar = "{" labels "}" " " value [" " time]
//! series   = name | name "{" labels "}" | "{" quoted name ["," labels] "}"
//! value    = float        time = seconds, with decimals
//! ```

use super::go_float::read_float;
use super::series::{series_len, wrong};
use crate::error::{Error, Result};
use crate::types::Timestamp;

/// What a line says. Series stay text until somebody asks: a file repeats each of them many times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line<'a> {
    /// Nothing follows.
    End,
    /// Type, help, unit, or a remark.
    Comment,
    /// A sample.
    Sample(Sample<'a>),
}

/// A sample as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// Name and labels, for [`read_series`](super::read_series).
    pub series: &'a [u8],
    /// The value; every NaN is the one that Prometheus stores.
    pub value: f64,
    /// When, in milliseconds; what is finer is cut off.
    pub time: Option<Timestamp>,
    /// An example of what was counted.
    pub exemplar: Option<Exemplar<'a>>,
}

/// An exemplar as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar<'a> {
    /// Labels in braces, for [`read_series`](super::read_series).
    pub labels: &'a [u8],
    /// Its value.
    pub value: f64,
    /// When, in milliseconds.
    pub time: Option<Timestamp>,
}

/// Reads a line, given without its end. Offsets in errors count from its start.
///
/// # Errors
/// The line is not OpenMetrics. The labels of its series are not looked into.
pub fn read_line(line: &[u8]) -> Result<Line<'_>> {
    if line == b"# EOF" {
        return Ok(Line::End);
    }
    if line.first() == Some(&b'#') {
        return Ok(Line::Comment);
    }
    let (series, rest) = line.split_at(series_len(line)?);
    let mut words = Words { line, at: line.len() - rest.len() };
    let (value, time) = words.value_and_time()?;
    let exemplar = words.exemplar()?;
    if words.at < line.len() {
        return Err(words.error("line", "the end of the line"));
    }
    Ok(Line::Sample(Sample { series, value, time, exemplar }))
}

/// The words of a line behind its series, each after a space.
struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    /// The next word and where it begins; `None` before an exemplar and at the end.
    fn next(&mut self) -> Option<(usize, &'a [u8])> {
        let line: &'a [u8] = self.line;
        let rest = line.get(self.at..)?;
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let word = &rest[spaces..];
        let len = word.iter().position(|byte| *byte == b' ').unwrap_or(word.len());
        if len == 0 || word[0] == b'#' {
            return None;
        }
        self.at += spaces + len;
        Some((self.at - len, &word[..len]))
    }

    fn value_and_time(&mut self) -> Result<(f64, Option<Timestamp>)> {
        let Some((at, word)) = self.next() else { return Err(self.error("value", "a value")) };
        let value = read_float(word).ok_or_else(|| wrong("value", at, "a number", word))?;
        let Some((at, word)) = self.next() else { return Ok((value, None)) };
        let expected = "a time in seconds since 1970";
        let time = read_time(word).ok_or_else(|| wrong("time", at, expected, word))?;
        Ok((value, Some(time)))
    }

    fn exemplar(&mut self) -> Result<Option<Exemplar<'a>>> {
        let line: &'a [u8] = self.line;
        let Some(rest) = line[self.at..].strip_prefix(b" # ") else { return Ok(None) };
        let start = line.len() - rest.len();
        if rest.first() != Some(&b'{') {
            self.at = start;
            return Err(self.error("exemplar", "labels in braces"));
        }
        let len = series_len(rest).map_err(|error| error.shifted_by(start as u64))?;
        self.at = start + len;
        let (value, time) = self.value_and_time()?;
        Ok(Some(Exemplar { labels: &rest[..len], value, time }))
    }

    #[cold]
    fn error(&self, field: &'static str, expected: &'static str) -> Error {
        wrong(field, self.at, expected, &self.line[self.at.min(self.line.len())..])
    }
}

/// Seconds with decimals as milliseconds. Plain decimals are taken as they stand and cut after the
/// third; others (with an exponent) go through a float, as upstream's all do.
fn read_time(word: &[u8]) -> Option<Timestamp> {
    let (sign, digits) = match word {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] | digits => (1, digits),
    };
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let decimals = digits.get(point + 1..).unwrap_or_default();
    let plain = point > 0 && digits[..point].iter().chain(decimals).all(u8::is_ascii_digit);
    if plain && point <= 16 {
        let thousandths = decimals.iter().copied().chain(std::iter::repeat(b'0')).take(3);
        let all = digits[..point].iter().copied().chain(thousandths);
        let milliseconds = all.fold(0i128, |sum, digit| 10 * sum + i128::from(digit - b'0'));
        return Timestamp::try_from(sign * milliseconds).ok();
    }
    let milliseconds = read_float(word)? * 1000.0;
    (milliseconds.abs() < 9.2e18).then_some(milliseconds as Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(line: &str) -> Sample<'_> {
        match read_line(line.as_bytes()).unwrap() {
            Line::Sample(sample) => sample,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn samples_have_series_value_time_and_exemplar() {
        let read = sample(r#"a_total{x="} # "} 1.5e3 -12.3459 # {id="7"} 3 4.5"#);
        assert_eq!(read.series, br#"a_total{x="} # "}"#);
        assert_eq!((read.value, read.time), (1500.0, Some(-12_345)));
        let exemplar = read.exemplar.unwrap();
        assert_eq!((exemplar.labels, exemplar.value), (br#"{id="7"}"#.as_slice(), 3.0));
        assert_eq!(exemplar.time, Some(4500));
        assert_eq!(sample("up 1").time, None);
        assert_eq!(sample("up{} +Inf 1e3").time, Some(1_000_000));
        assert_eq!(read_line(b"# EOF").unwrap(), Line::End);
        assert_eq!(read_line(b"# TYPE a counter").unwrap(), Line::Comment);
    }

    #[test]
    fn times_are_exact() {
        // As a float, 1700000000.007 * 1000 is 1700000000006.9998: upstream cuts it to …006.
        assert_eq!(read_time(b"1700000000.007"), Some(1_700_000_000_007));
        assert_eq!(read_time(b"9223372036854775.807"), Some(9_223_372_036_854_775_807));
        for word in ["", ".", "-", "NaN", "Inf", "1e300", "1.2.3", "1:2"] {
            assert_eq!(read_time(word.as_bytes()), None, "{word}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_place_and_a_name() {
        for (line, field, offset) in [
            ("up", "value", 2),
            ("up x", "value", 3),
            ("up 1 later", "time", 5),
            ("up 1 2 3", "line", 6),
            ("up 1 2 # id", "exemplar", 9),
            ("up 1 2 # {} ", "value", 11),
            ("{a=\"b 1", "labels", 3),
            ("1up 1", "name", 0),
            ("", "name", 0),
        ] {
            let error = read_line(line.as_bytes()).unwrap_err();
            let at = error.location().unwrap();
            assert_eq!((at.field.as_ref(), at.offset), (field, Some(offset)), "{line}: {error}");
        }
    }
}
