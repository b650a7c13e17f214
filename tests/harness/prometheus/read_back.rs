//! What Prometheus answers, as samples by series and time.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// What a sample holds, as far as text can tell: all NaNs are one, and a histogram is its JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// The bits of a float.
    Float(u64),
    /// A native histogram, in the form of the query API.
    Histogram(String),
}

impl Value {
    /// A float; all NaNs are one.
    #[must_use]
    pub fn float(value: f64) -> Self {
        Self::Float(if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() })
    }
}

/// Time in milliseconds, and value.
pub type Sample = (i64, Value);

/// Names and values, sorted by name.
pub type Labels = Vec<(String, String)>;

/// Samples by time, by the labels of their series.
pub type SeriesMap = BTreeMap<Labels, BTreeMap<i64, Value>>;

/// Reads what `promtool tsdb dump` prints: `{name="value", …} value time` on each line.
///
/// # Errors
/// A line is not of that form, or a time of a series comes twice.
pub fn parse_dump(text: &str) -> Result<SeriesMap, String> {
    let mut all = SeriesMap::new();
    for line in text.lines() {
        let parsed = || -> Option<(Labels, f64, i64)> {
            let (rest, time) = line.rsplit_once(' ')?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let value = value.trim_start_matches('+').parse().ok()?;
            Some((parse_labels(labels)?, value, time.parse().ok()?))
        };
        let (labels, value, time) = parsed().ok_or_else(|| format!("not a sample: {line}"))?;
        if all.entry(labels).or_default().insert(time, Value::float(value)).is_some() {
            return Err(format!("twice: {line}"));
        }
    }
    Ok(all)
}

/// Reads `{name="value", …}`, values quoted as Go does.
fn parse_labels(text: &str) -> Option<Labels> {
    let mut rest = text.strip_prefix('{')?;
    let mut labels = Vec::new();
    while rest != "}" {
        let (name, behind) = rest.split_once("=\"")?;
        let (value, behind) = unquote(behind)?;
        labels.push((name.to_owned(), value));
        rest = behind.strip_prefix(", ").unwrap_or(behind);
    }
    Some(labels)
}

/// A Go string up to its closing quote, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((String::from_utf8(value).ok()?, &text[at + 1..])),
            '\\' => {
                let (_, kind) = chars.next()?;
                let digits = match kind {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                let hex: String = chars.by_ref().take(digits).map(|(_, digit)| digit).collect();
                let number = || u32::from_str_radix(&hex, 16).ok();
                match kind {
                    'x' => value.push(u8::try_from(number()?).ok()?),
                    'u' | 'U' => push(&mut value, char::from_u32(number()?)?),
                    _ => push(&mut value, unescape(kind)?),
                }
            }
            other => push(&mut value, other),
        }
    }
    None
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
}

fn unescape(kind: char) -> Option<char> {
    Some(match kind {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '"' | '\'' => kind,
        _ => return None,
    })
}

/// Reads the `data` of a query API answer that is a matrix. Stale markers are not in it.
///
/// # Errors
/// It is something else.
pub fn parse_matrix(data: &Json) -> Result<SeriesMap, String> {
    let mut all = SeriesMap::new();
    let series = data["result"].as_array().filter(|_| data["resultType"] == "matrix");
    for own in series.ok_or_else(|| format!("not a matrix: {data}"))? {
        let labels = own["metric"].as_object().ok_or("a series without labels")?;
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let mut labels: Labels =
            labels.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        labels.sort();
        let samples = all.entry(labels).or_default();
        for pair in own["values"].as_array().into_iter().flatten() {
            let value = text(&pair[1]).trim_start_matches('+').parse().map_err(|_| "no float")?;
            samples.insert(milliseconds(&pair[0]), Value::float(value));
        }
        for pair in own["histograms"].as_array().into_iter().flatten() {
            samples.insert(milliseconds(&pair[0]), Value::Histogram(pair[1].to_string()));
        }
    }
    Ok(all)
}

fn milliseconds(seconds: &Json) -> i64 {
    (seconds.as_f64().unwrap_or_default() * 1000.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_dump_is_read() {
        let text = "{__name__=\"up\", path=\"a \\\"b\\\"\\n\\u00ad\\\\ é, {}\"} -0.5 1000\n\
                    {__name__=\"up\"} +Inf -7\n{__name__=\"up\"} NaN 8\n";
        let read = parse_dump(text).unwrap();
        let odd = labels(&[("__name__", "up"), ("path", "a \"b\"\n\u{ad}\\ é, {}")]);
        assert_eq!(read[&odd][&1000], Value::float(-0.5));
        let up = &read[&labels(&[("__name__", "up")])];
        assert_eq!((&up[&-7], &up[&8]), (&Value::float(f64::INFINITY), &Value::float(f64::NAN)));
        assert!(parse_dump("{a=\"b\"} 1 1\n{a=\"b\"} 2 1\n").unwrap_err().starts_with("twice"));
        assert!(parse_dump("hello").is_err());
    }

    #[test]
    fn a_matrix_is_read() {
        let data = json!({"resultType": "matrix", "result": [{
            "metric": {"job": "a", "__name__": "up"},
            "values": [[1.5, "1"], [2, "+Inf"]],
            "histograms": [[3, {"count": "2"}]],
        }]});
        let read = parse_matrix(&data).unwrap();
        let up = &read[&labels(&[("__name__", "up"), ("job", "a")])];
        assert_eq!(up.keys().copied().collect::<Vec<_>>(), [1500, 2000, 3000]);
        assert_eq!(up[&3000], Value::Histogram("{\"count\":\"2\"}".to_owned()));
        assert!(parse_matrix(&json!({"resultType": "vector", "result": []})).is_err());
    }
}
