//! Name and labels of a series in OpenMetrics text.
//!
//! ```text
//! labels = label {"," label} [","]      label = name "=" value | quoted "=" value | quoted
//! quoted = value = '"' text '"', where \\\\, \\" and \\n stand for backslash, quote and line end
//! ```
//!
//! A quoted text without a value is the metric's name and may only come first.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::labels::{Labels, METRIC_NAME};

/// How many bytes of `line` its series takes: up to the first space outside of braces.
///
/// # Errors
/// The line begins with no name and no brace, or a brace or quote is not closed.
pub(super) fn series_len(line: &[u8]) -> Result<usize> {
    let name = name_len(line, true);
    match line.get(name) {
        Some(b'{') => {}
        _ if name > 0 => return Ok(name),
        _ => return Err(wrong("name", 0, "the name of a metric, or {", line)),
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate().skip(name + 1) {
        match (quote, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(_), b'"') => quote = None,
            (None, b'"') => quote = Some(at),
            (None, b'}') => return Ok(at + 1),
            _ => {}
        }
    }
    match quote {
        Some(at) => Err(wrong("labels", at, "a text that ends with a quote", &line[at..])),
        None => Err(wrong("labels", name, "labels that end with a brace", &line[name..])),
    }
}

/// The labels of a series, or of an exemplar: `name{…}` or `{…}`.
///
/// # Errors
/// The text is not OpenMetrics: a bad name, a missing value, a label twice. Offsets count from the
/// start of `series`.
pub fn read_series(series: &[u8]) -> Result<Labels> {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    let mut at = name_len(series, true);
    if at > 0 {
        pairs.push((METRIC_NAME.into(), String::from_utf8_lossy(&series[..at])));
    }
    if series.get(at) == Some(&b'{') {
        at += 1;
        while series.get(at) != Some(&b'}') {
            let (pair, next) = read_pair(series, at, pairs.is_empty())?;
            if pairs.iter().any(|(name, _)| *name == pair.0) {
                return Err(wrong("labels", at, "each label once", &series[at..]));
            }
            pairs.push(pair);
            at = next;
            match series.get(at) {
                Some(b',') => at += 1,
                Some(b'}') => {}
                _ => return Err(wrong("labels", at, "a comma or a brace", &series[at..])),
            }
        }
        at += 1;
    }
    if at != series.len() {
        return Err(wrong("labels", at, "the end of the series", &series[at..]));
    }
    Ok(Labels::from_pairs(pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))))
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The label at `at`, and where the next byte behind it is.
fn read_pair(series: &[u8], at: usize, first: bool) -> Result<(Pair<'_>, usize)> {
    let (name, next) = match series.get(at) {
        Some(b'"') => read_quoted(series, at)?,
        _ => match name_len(&series[at..], false) {
            0 => return Err(wrong("labels", at, "the name of a label", &series[at..])),
            len => (String::from_utf8_lossy(&series[at..at + len]), at + len),
        },
    };
    match series.get(next) {
        Some(b'=') if series.get(next + 1) == Some(&b'"') => {
            let (value, next) = read_quoted(series, next + 1)?;
            Ok(((name, value), next))
        }
        Some(b',' | b'}') if first && series[at] == b'"' => Ok(((METRIC_NAME.into(), name), next)),
        _ => Err(wrong("labels", next, "=\"value\"", &series[next..])),
    }
}

/// The text in quotes at `at`, and where the next byte behind it is.
fn read_quoted(series: &[u8], at: usize) -> Result<(Cow<'_, str>, usize)> {
    let unclosed = || wrong("labels", at, "a text that ends with a quote", &series[at..]);
    let mut text = Vec::new();
    let mut bytes = series.iter().enumerate().skip(at + 1);
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b'"' => {
                let text = match String::from_utf8(text) {
                    Ok(text) => text,
                    Err(_) => return Err(wrong("labels", at, "UTF-8 text", &series[at..place])),
                };
                return Ok((text.into(), place + 1));
            }
            b'\\' => match bytes.next() {
                Some((_, b'n')) => text.push(b'\n'),
                Some((_, byte @ (b'"' | b'\\'))) => text.push(*byte),
                // As upstream: an escape that means nothing stays as it is.
                Some((_, byte)) => text.extend([b'\\', *byte]),
                None => return Err(unclosed()),
            },
            byte => text.push(*byte),
        }
    }
    Err(unclosed())
}

/// An error about the bytes at offset `at` of a line.
#[cold]
pub(super) fn wrong(field: &'static str, at: usize, expected: &'static str, found: &[u8]) -> Error {
    let found = match found {
        [] => "the end of the line".to_owned(),
        text => format!("{:?}", String::from_utf8_lossy(&text[..text.len().min(40)])),
    };
    Error::damaged(field, at as u64, expected, found)
}

/// Length of the name that `text` begins with; 0 when there is none. Metrics may have colons.
fn name_len(text: &[u8], metric: bool) -> usize {
    let fits = |(at, byte): &(usize, &u8)| {
        byte.is_ascii_alphabetic()
            || **byte == b'_'
            || (metric && **byte == b':')
            || (*at > 0 && byte.is_ascii_digit())
    };
    text.iter().enumerate().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn series_are_read_in_every_form() {
        for (text, pairs) in [
            ("up", [("__name__", "up")].as_slice()),
            ("a:b{}", &[("__name__", "a:b")]),
            (r#"a{x="1",y="",}"#, &[("__name__", "a"), ("x", "1")]),
            (r#"a{x="q\"\\\n\d"}"#, &[("__name__", "a"), ("x", "q\"\\\n\\d")]),
            (r#"{"my.metric","la bel"="ü"}"#, &[("__name__", "my.metric"), ("la bel", "ü")]),
            (r#"{x="1"}"#, &[("x", "1")]),
            ("{}", &[]),
        ] {
            assert_eq!(series_len(text.as_bytes()).unwrap(), text.len(), "{text}");
            assert_eq!(read_series(text.as_bytes()).unwrap(), labels(pairs), "{text}");
        }
    }

    #[test]
    fn bad_labels_are_refused_with_their_place() {
        for (text, offset) in [
            (r#"a{x="1"y="2"}"#, 7),
            (r#"a{x="1",x="2"}"#, 8),
            ("a{x=1}", 3),
            (r#"a{1="x"}"#, 2),
            (r#"a{"b","c"}"#, 5),
            (r#"a{x="1"}b"#, 8),
        ] {
            let error = read_series(text.as_bytes()).unwrap_err();
            assert_eq!(error.location().unwrap().offset, Some(offset), "{text}: {error}");
        }
        assert!(read_series(b"a{x=\"\xff\"}").is_err(), "not UTF-8");
    }
}
