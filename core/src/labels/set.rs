//! A label set, sorted by name, packed into one allocation.
//!
//! ```text
//! per label: uvarint name length, name, uvarint value length, value
//! ```
//!
//! Invariants
//! 1. Names ascend bytewise; `__name__` is not special (`A` < `__name__` < `a`).
//! 2. No label has an empty value: such a label does not exist.
//! 3. Text is UTF-8. The formats do not promise that; bytes that are not are replaced by U+FFFD
//!    when a set is built, as every page and JSON answer would do later.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::encoding::{put_string, take_uvarint};

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";

/// The labels of a series. Cloning shares them; equality and order are those of the formats:
/// pair by pair, name before value, and a prefix before what continues it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Labels {
    packed: Arc<[u8]>,
}

impl Default for Labels {
    fn default() -> Self {
        Self { packed: Arc::new([]) }
    }
}

impl Labels {
    /// The set of these pairs, in any order. Of two with one name the later wins; pairs without a
    /// value are left out.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let sorted: BTreeMap<&str, &str> = pairs.into_iter().collect();
        let mut packed = Vec::new();
        for (name, value) in sorted {
            pack(&mut packed, name.as_bytes(), value.as_bytes());
        }
        Self { packed: packed.into() }
    }

    /// The set of pairs as they stand in a file: already sorted, as all writers leave them. Pairs
    /// that are not sorted are sorted; text that is not UTF-8 is replaced.
    #[must_use]
    pub fn from_sorted_bytes(pairs: &[(&[u8], &[u8])]) -> Self {
        let clean = |text: &[u8]| std::str::from_utf8(text).is_ok();
        let sorted = pairs.windows(2).all(|two| two[0].0 < two[1].0);
        if sorted && pairs.iter().all(|(name, value)| clean(name) && clean(value)) {
            let size = pairs.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
            let mut packed = Vec::with_capacity(size);
            for (name, value) in pairs {
                pack(&mut packed, name, value);
            }
            return Self { packed: packed.into() };
        }
        let text: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| {
                let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
                (lossy(name), lossy(value))
            })
            .collect();
        Self::from_pairs(text.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The pairs, in order of names.
    #[must_use]
    pub fn iter(&self) -> LabelsIter<'_> {
        LabelsIter { rest: &self.packed }
    }

    /// The value of label `name`; `None` when the set has no such label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// The metric's name; empty when there is none.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.get(METRIC_NAME).unwrap_or_default()
    }

    /// Number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// True when there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The packed form, for hashing.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }
}

fn pack(packed: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if !value.is_empty() {
        put_string(packed, name);
        put_string(packed, value);
    }
}

/// The pairs of a label set.
#[derive(Debug, Clone)]
pub struct LabelsIter<'a> {
    rest: &'a [u8],
}

impl<'a> LabelsIter<'a> {
    fn text(&mut self) -> Option<&'a str> {
        let (length, size) = take_uvarint(self.rest)?;
        let (text, rest) = self.rest[size..].split_at_checked(length as usize)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }
}

impl<'a> Iterator for LabelsIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.text()?, self.text()?))
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = LabelsIter<'a>;

    fn into_iter(self) -> LabelsIter<'a> {
        self.iter()
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Prometheus' notation: `up{job="api"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric_name())?;
        let mut separator = "{";
        for (name, value) in self.iter().filter(|(name, _)| *name != METRIC_NAME) {
            write!(f, "{separator}{name}={value:?}")?;
            separator = ", ";
        }
        match (separator, self.is_empty()) {
            ("{", true) => f.write_str("{}"),
            ("{", false) => Ok(()),
            _ => f.write_str("}"),
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(Self::from_pairs(map.iter().map(|(name, value)| (name.as_str(), value.as_str()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_bytewise_and_a_prefix_comes_first() {
        let sets = [
            Labels::default(),
            Labels::from_pairs([("A", "1")]),
            Labels::from_pairs([("__name__", "up")]),
            Labels::from_pairs([("__name__", "up"), ("job", "a")]),
            Labels::from_pairs([("__name__", "upper")]),
            Labels::from_pairs([("a", "1")]),
        ];
        let mut shuffled = sets.to_vec();
        shuffled.reverse();
        shuffled.sort();
        assert_eq!(shuffled, sets);
    }

    #[test]
    fn labels_without_a_value_do_not_exist() {
        let labels = Labels::from_pairs([("job", ""), ("__name__", "up"), ("zone", "eu \"1\"")]);
        assert_eq!(labels.len(), 2);
        assert_eq!(labels.get("job"), None);
        assert_eq!(labels.to_string(), r#"up{zone="eu \"1\""}"#);
        assert_eq!(Labels::default().to_string(), "{}");
    }

    #[test]
    fn bytes_of_a_file_are_taken_as_they_stand() {
        let labels = Labels::from_sorted_bytes(&[(b"a", b"1"), (b"b", b"\xff")]);
        assert_eq!(labels.get("b"), Some("\u{fffd}"));
        let unsorted = Labels::from_sorted_bytes(&[(b"b", b"2"), (b"a", b"1")]);
        assert_eq!(unsorted, Labels::from_pairs([("a", "1"), ("b", "2")]));
    }
}
