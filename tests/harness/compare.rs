//! Comparing JSON with what is expected.

use serde_json::Value;

/// The first place where `actual` differs from `expected`, as a path; keys that only `actual` has
/// are welcome. `None` when all that is expected is there.
#[must_use]
pub fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().find_map(|(key, value)| {
            let Some(other) = found.get(key) else { return Some(format!(".{key} is missing")) };
            difference(value, other).map(|rest| format!(".{key}{rest}"))
        }),
        (Value::Array(wanted), Value::Array(found)) => {
            let inside = wanted.iter().zip(found).enumerate().find_map(|(index, (a, b))| {
                difference(a, b).map(|rest| format!("[{index}]{rest}"))
            });
            let lengths = || {
                (wanted.len() != found.len())
                    .then(|| format!(" has {} items, expected {}", found.len(), wanted.len()))
            };
            inside.or_else(lengths)
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => None,
        _ if expected == actual => None,
        _ => Some(format!(": expected {expected}, found {actual}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_named_by_its_path() {
        let expected = json!({"a": [1, {"b": "x"}]});
        assert_eq!(difference(&expected, &json!({"a": [1, {"b": "x"}], "more": 1})), None);
        let found = difference(&expected, &json!({"a": [1, {"b": "y"}]}));
        assert_eq!(found.as_deref(), Some(r#".a[1].b: expected "x", found "y""#));
        assert!(difference(&expected, &json!({"a": [1]})).is_some(), "one item is missing");
    }
}
