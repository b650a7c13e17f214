//! Patterns that are texts with gaps: `foo.*`, `.*-prod`, `a.+b|c.*`.

use super::syntax::Node;

/// Texts in order, with gaps of any characters between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    /// What the value starts with.
    prefix: String,
    /// What follows, each after a gap of at least so many characters. The last ends the value.
    rest: Vec<(usize, String)>,
}

/// The globs that `node` is a choice of, if it is.
pub(super) fn globs(node: &Node) -> Option<Vec<Glob>> {
    match node {
        Node::Choice(choices) => choices.iter().map(Glob::of).collect(),
        other => Some(vec![Glob::of(other)?]),
    }
}

impl Glob {
    fn of(node: &Node) -> Option<Self> {
        let mut glob = Self { prefix: String::new(), rest: Vec::new() };
        for part in node.parts() {
            match part {
                Node::Literal(c) => match glob.rest.last_mut() {
                    Some((_, text)) => text.push(*c),
                    None => glob.prefix.push(*c),
                },
                Node::Repeat { part, min, max: None, .. } if part.is_any_character() => {
                    let min = *min as usize;
                    match glob.rest.last_mut() {
                        // Two gaps in a row are one.
                        Some((gap, text)) if text.is_empty() => *gap += min,
                        _ => glob.rest.push((min, String::new())),
                    }
                }
                _ => return None,
            }
        }
        Some(glob)
    }

    /// True for `.*`.
    pub(super) fn is_anything(&self) -> bool {
        self.is_gap_of(0)
    }

    /// True for `.+`.
    pub(super) fn is_anything_but_empty(&self) -> bool {
        self.is_gap_of(1)
    }

    fn is_gap_of(&self, characters: usize) -> bool {
        match self.rest.as_slice() {
            [(gap, text)] => self.prefix.is_empty() && text.is_empty() && *gap == characters,
            _ => false,
        }
    }

    /// True when `value` matches.
    pub(super) fn matches(&self, value: &str) -> bool {
        let Some(mut rest) = value.strip_prefix(self.prefix.as_str()) else { return false };
        let Some(((last_gap, suffix), inner)) = self.rest.split_last() else {
            return rest.is_empty();
        };
        for (gap, text) in inner {
            // The first place is the best one: a gap has no upper bound.
            let Some(after_gap) = skip(rest, *gap) else { return false };
            let Some(at) = after_gap.find(text.as_str()) else { return false };
            rest = &after_gap[at + text.len()..];
        }
        rest.strip_suffix(suffix.as_str()).is_some_and(|between| skip(between, *last_gap).is_some())
    }
}

/// `text` without its first `characters` characters, if it has so many.
fn skip(text: &str, characters: usize) -> Option<&str> {
    let mut rest = text.chars();
    for _ in 0..characters {
        rest.next()?;
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::parser::parse;
    use super::*;

    #[test]
    fn gaps_are_of_any_characters() {
        for (pattern, good, bad) in [
            ("foo.*", vec!["foo", "foobar", "foo\n"], vec!["fo", "xfoo"]),
            ("foo.+", vec!["foob", "foo\n", "fooé"], vec!["foo"]),
            (".*foo", vec!["foo", "barfoo"], vec!["foob"]),
            (".*foo.*", vec!["foo", "xfoox"], vec!["fo"]),
            ("a.*b.*c", vec!["abc", "axxbxxc", "abcbc"], vec!["ac", "acb", "ab"]),
            ("a.+a", vec!["aaa", "aba"], vec!["aa", "a"]),
            ("aa.*aa", vec!["aaaa"], vec!["aaa", "aa"]),
            (".+.+", vec!["ab", "éé"], vec!["a", "é"]),
            (".*é.+", vec!["éx", "ééé"], vec!["é"]),
            ("a.*|.*b", vec!["a", "b", "ax", "xb"], vec!["x", ""]),
            (".{2,}x", vec!["abx"], vec!["ax"]),
        ] {
            let globs = globs(&parse(pattern).unwrap()).expect(pattern);
            let matches = |value: &str| globs.iter().any(|glob| glob.matches(value));
            good.iter().for_each(|value| assert!(matches(value), "{pattern} {value:?}"));
            bad.iter().for_each(|value| assert!(!matches(value), "{pattern} {value:?}"));
        }
    }

    #[test]
    fn other_patterns_are_no_globs() {
        for pattern in ["a.?", "(?-s).*", "[ab].*", "a.*$", "(a.*)?", ".{2,3}", "(?i)a.*"] {
            assert_eq!(globs(&parse(pattern).unwrap()), None, "{pattern}");
        }
    }
}
