//! Samples as OpenMetrics text, in the form of `promtool tsdb dump-openmetrics`.

use std::fmt::Write;

use super::go_float::write_float;
use crate::labels::{Labels, METRIC_NAME};
use crate::types::{Column, Timestamp};

/// The last line of a text.
pub const END: &str = "# EOF\n";

/// Appends one line for each sample: `name{label="value"} value seconds`. A stale marker is NaN to
/// this format.
pub fn write_series(labels: &Labels, samples: &Column<f64>, into: &mut String) {
    let mut series = String::new();
    write_labels(labels, &mut series);
    for (time, value) in samples.times.iter().zip(&samples.values) {
        into.push_str(&series);
        into.push(' ');
        write_float(*value, into);
        into.push(' ');
        write_time(*time, into);
        into.push('\n');
    }
}

/// Name and labels. A name or label that is not plain is quoted, the name inside the braces.
fn write_labels(labels: &Labels, into: &mut String) {
    let name = labels.metric_name();
    let quoted = !name.is_empty() && !is_plain(name, true);
    if !quoted {
        into.push_str(name);
    }
    let mut separator = '{';
    if quoted {
        into.push(separator);
        write_quoted(name, into);
        separator = ',';
    }
    for (name, value) in labels.iter().filter(|(name, _)| *name != METRIC_NAME) {
        into.push(separator);
        if is_plain(name, false) {
            into.push_str(name);
        } else {
            write_quoted(name, into);
        }
        into.push('=');
        write_quoted(value, into);
        separator = ',';
    }
    match separator {
        ',' => into.push('}'),
        _ if name.is_empty() => into.push_str("{}"),
        _ => {}
    }
}

/// True when the name needs no quotes. Metrics may have colons.
fn is_plain(name: &str, metric: bool) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || (metric && byte == b':');
    let fits = |(at, byte)| letter(byte) || (at > 0 && u8::is_ascii_digit(&byte));
    !name.is_empty() && name.bytes().enumerate().all(fits)
}

fn write_quoted(text: &str, into: &mut String) {
    into.push('"');
    for letter in text.chars() {
        match letter {
            '\\' => into.push_str("\\\\"),
            '"' => into.push_str("\\\""),
            '\n' => into.push_str("\\n"),
            letter => into.push(letter),
        }
    }
    into.push('"');
}

/// Milliseconds as seconds with three decimals, exactly.
fn write_time(time: Timestamp, into: &mut String) {
    let sign = if time < 0 { "-" } else { "" };
    let size = time.unsigned_abs();
    let _ = write!(into, "{sign}{}.{:03}", size / 1000, size % 1000); // a string takes all text
}

#[cfg(test)]
mod tests {
    use super::super::{Line, read_line, read_series};
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut samples = Column::default();
        samples.push(-1, f64::INFINITY, 0);
        samples.push(1_700_000_000_007, 1e6, 0);
        for (pairs, first) in [
            (vec![("__name__", "up")], "up +Inf -0.001"),
            (vec![("__name__", "a"), ("x", "q\"\\\n")], r#"a{x="q\"\\\n"} +Inf -0.001"#),
            (vec![("__name__", "a.b"), ("la bel", "ü")], r#"{"a.b","la bel"="ü"} +Inf -0.001"#),
            (vec![("x", "1")], r#"{x="1"} +Inf -0.001"#),
            (vec![], "{} +Inf -0.001"),
        ] {
            let labels = Labels::from_pairs(pairs);
            let mut text = String::new();
            write_series(&labels, &samples, &mut text);
            assert_eq!(text.lines().next(), Some(first));
            for (index, line) in text.lines().enumerate() {
                let Line::Sample(read) = read_line(line.as_bytes()).unwrap() else { panic!() };
                assert_eq!(read_series(read.series).unwrap(), labels);
                let (time, value) = (samples.times[index], samples.values[index]);
                assert_eq!((read.time, read.value), (Some(time), value));
            }
        }
    }
}
