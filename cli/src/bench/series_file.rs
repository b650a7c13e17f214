//! The file that says which series a benchmark ingests, as promtool reads it.
//!
//! A line is a series. It looks like JSON and is not read as such: quotes and braces are left out
//! wherever they stand, the rest is split at commas, each piece at colons. The first two parts are
//! name and value; what stands behind a second colon is lost.

use std::collections::HashSet;

use chunkscope::labels::Labels;

/// At most `limit` different series, in the order of `text`.
///
/// # Errors
/// A piece has no colon. (promtool panics.)
pub(super) fn read(text: &str, limit: usize) -> Result<Vec<Labels>, String> {
    let (mut all, mut known) = (Vec::new(), HashSet::new());
    for (index, line) in text.lines().enumerate() {
        if all.len() == limit {
            break;
        }
        let plain = line.replace(['"', '{', '}'], "");
        let mut pairs = Vec::new();
        for piece in plain.split(',') {
            let mut parts = piece.split(':');
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
                return Err(format!("line {}: {piece:?} is no name:value", index + 1));
            };
            pairs.push((name, value));
        }
        let labels = Labels::from_pairs(pairs);
        if known.insert(labels.clone()) {
            all.push(labels);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, limit: usize) -> Vec<String> {
        read(text, limit).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn series_are_read_as_promtool_reads_them() {
        let file = "{\"__name__\":\"up\",\"job\":\"a\"}\n{job:b,__name__:up}\n\
                    {\"job\":\"a\",\"__name__\":\"up\"}\n{\"__name__\":\"up\",\"at\":\"x:9090\"}\n";
        let all = [
            "{__name__=\"up\", job=\"a\"}",
            "{__name__=\"up\", job=\"b\"}",
            "{__name__=\"up\", at=\"x\"}",
        ];
        let found = texts(file, 10);
        assert_eq!(found.len(), all.len(), "{found:?}");
        let value = |labels: &Labels, name| labels.get(name).map(str::to_owned);
        let series = read(file, 10).unwrap();
        assert_eq!(value(&series[0], "job").as_deref(), Some("a"));
        assert_eq!(value(&series[1], "job").as_deref(), Some("b"), "in any order");
        assert_eq!(value(&series[2], "at").as_deref(), Some("x"), "up to the next colon");
        assert_eq!(texts(file, 2), found[..2]);
        assert_eq!(read("a:b\nup\n", 9).unwrap_err(), "line 2: \"up\" is no name:value");
    }
}
