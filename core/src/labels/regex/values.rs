//! Patterns that are a finite list of values: `api|web`, `10[.]0[.]0[.][1-4]`, `(dev|prod)-eu`.

use regex_syntax::hir::{ClassUnicodeRange, Look};

use super::syntax::Node;

/// The most values that repetitions and combinations may give; lists that are written out have no
/// limit.
const MAX_PRODUCT: usize = 256;

/// All texts that match `node` as a whole, in no order; `None` when there are too many to list.
pub(super) fn values(node: &Node) -> Option<Vec<String>> {
    list(node, true, true)
}

/// As `values`, for a part that is at the start or the end of the whole text or not.
fn list(node: &Node, at_start: bool, at_end: bool) -> Option<Vec<String>> {
    match node {
        Node::Empty => Some(vec![String::new()]),
        Node::Literal(c) => Some(vec![c.to_string()]),
        Node::Look(Look::Start) if at_start => Some(vec![String::new()]),
        Node::Look(Look::End) if at_end => Some(vec![String::new()]),
        Node::Look(_) => None,
        Node::Class(class) => {
            let count: usize = class.iter().map(ClassUnicodeRange::len).sum();
            let characters = || class.iter().flat_map(|range| range.start()..=range.end());
            (count <= MAX_PRODUCT).then(|| characters().map(String::from).collect())
        }
        Node::Choice(choices) => {
            let mut all = Vec::new();
            for choice in choices {
                all.extend(list(choice, at_start, at_end)?);
            }
            Some(all)
        }
        Node::Sequence(parts) => {
            let mut all = vec![String::new()];
            for (index, part) in parts.iter().enumerate() {
                let (first, last) = (index == 0, index + 1 == parts.len());
                all = product(&all, &list(part, at_start && first, at_end && last)?)?;
            }
            Some(all)
        }
        Node::Repeat { part, min, max, .. } => {
            let part = list(part, false, false)?;
            let mut power = vec![String::new()];
            for _ in 0..*min {
                power = product(&power, &part)?;
            }
            let mut all = power.clone();
            for _ in *min..(*max)? {
                power = product(&power, &part)?;
                all.extend_from_slice(&power);
                if all.len() > MAX_PRODUCT {
                    return None;
                }
            }
            Some(all)
        }
    }
}

fn product(left: &[String], right: &[String]) -> Option<Vec<String>> {
    // One side alone is no product: it may be as long as it was written.
    if left.len() > 1 && right.len() > 1 && left.len() * right.len() > MAX_PRODUCT {
        return None;
    }
    // Texts of repeats can grow long; what is longer than any label goes the other way.
    let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    if longest(left) + longest(right) > 64 * 1024 {
        return None;
    }
    let join = |a: &String| {
        let a = a.clone();
        right.iter().map(move |b| a.clone() + b)
    };
    Some(left.iter().flat_map(join).collect())
}

#[cfg(test)]
mod tests {
    use super::super::parser::parse;
    use super::*;

    fn listed(pattern: &str) -> Option<String> {
        let mut values = values(&parse(pattern).unwrap())?;
        values.sort();
        Some(values.join(" "))
    }

    #[test]
    fn lists_of_values() {
        for (pattern, values) in [
            ("api", "api"),
            ("api|web|db", "api db web"),
            ("a[12]b?", "a1 a1b a2 a2b"),
            ("(dev|prod)-eu", "dev-eu prod-eu"),
            ("^a$|^b$", "a b"),
            ("x{2,3}", "xx xxx"),
            ("(?i)ab", "AB Ab aB ab"),
            (r"10\.0\.0\.[1-3]", "10.0.0.1 10.0.0.2 10.0.0.3"),
            ("a|", " a"),
            ("", ""),
        ] {
            assert_eq!(listed(pattern).as_deref(), Some(values), "{pattern}");
        }
        let many = (0..1000).map(|index| format!("v{index}")).collect::<Vec<_>>().join("|");
        assert_eq!(values(&parse(&many).unwrap()).unwrap().len(), 1000);
    }

    #[test]
    fn what_is_no_list() {
        for pattern in [
            "a.*",
            "[0-9]{3}",
            "(?i)abcdefghi",
            ".",
            r"a\b",
            "a^b",
            "(a|b){9}",
            r"\pL",
            "(a^)?b",
            "((a{100}){10}){1}.+",
        ] {
            assert_eq!(listed(pattern), None, "{pattern}");
        }
        assert_eq!(listed(r"\x{D800}").as_deref(), Some(""), "an empty list, joined");
        assert_eq!(values(&parse(r"\x{D800}").unwrap()), Some(Vec::new()));
    }
}
