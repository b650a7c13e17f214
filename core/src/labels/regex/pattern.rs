//! A compiled pattern: the cheapest form that decides whether a value matches.

use super::automaton::Automaton;
use super::glob::{Glob, globs};
use super::parser::parse;
use super::values::values;
use crate::error::{Error, Result};

/// A regular expression that must match a whole value.
#[derive(Debug)]
pub(in super::super) struct Pattern {
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// These values, sorted.
    Values(Vec<String>),
    /// One of these.
    Globs(Vec<Glob>),
    /// Anything else.
    Automaton(Box<Automaton>),
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// Prometheus refuses the pattern as well, or it exceeds a limit of this engine. The sentence
    /// tells the place as a count of characters from 1.
    pub(in super::super) fn new(text: &str) -> Result<Self> {
        let refused = |(at, why): (usize, &str)| {
            let character = text[..at].chars().count() + 1;
            Error::refused(format!("regular expression {text:?}, at character {character}: {why}"))
        };
        let node = parse(text).map_err(refused)?;
        let form = if let Some(mut values) = values(&node) {
            values.sort_unstable();
            values.dedup();
            Form::Values(values)
        } else if let Some(globs) = globs(&node) {
            Form::Globs(globs)
        } else {
            Form::Automaton(Box::new(Automaton::new(&node).map_err(|why| refused((0, why)))?))
        };
        Ok(Self { form })
    }

    /// True when `value` matches as a whole.
    pub(in super::super) fn matches(&self, value: &str) -> bool {
        match &self.form {
            Form::Values(values) => values.binary_search_by(|own| own.as_str().cmp(value)).is_ok(),
            Form::Globs(globs) => globs.iter().any(|glob| glob.matches(value)),
            Form::Automaton(automaton) => automaton.matches(value),
        }
    }

    /// All values that match, sorted, where they can be listed.
    pub(in super::super) fn values(&self) -> Option<&[String]> {
        match &self.form {
            Form::Values(values) => Some(values),
            _ => None,
        }
    }

    /// True for `.*`.
    pub(in super::super) fn is_anything(&self) -> bool {
        matches!(&self.form, Form::Globs(globs) if globs.iter().any(Glob::is_anything))
    }

    /// True for `.+`.
    pub(in super::super) fn is_anything_but_empty(&self) -> bool {
        matches!(&self.form, Form::Globs(globs)
            if globs.iter().all(Glob::is_anything_but_empty) && !globs.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a pattern matches and what not; `None` where it is refused.
    type Row<'a> = (&'a str, Option<(&'a [&'a str], &'a [&'a str])>);

    fn check(rows: &[Row<'_>]) {
        for (text, expected) in rows {
            let pattern = Pattern::new(text);
            let Some((good, bad)) = expected else {
                let error = pattern.expect_err(text).to_string();
                assert!(error.contains("at character"), "{error}");
                continue;
            };
            let pattern = pattern.unwrap_or_else(|error| panic!("{error}"));
            good.iter().for_each(|value| assert!(pattern.matches(value), "{text} {value:?}"));
            bad.iter().for_each(|value| assert!(!pattern.matches(value), "{text} {value:?}"));
        }
    }

    #[test]
    fn where_go_and_rust_differ_go_is_meant() {
        check(&[
            ("{foo}", Some((&["{foo}"], &["foo"]))),
            ("a{", Some((&["a{"], &["a"]))),
            ("a{,5}", Some((&["a{,5}"], &["aa"]))),
            (r"\Qa.b\E", Some((&["a.b"], &["axb"]))),
            (r"\Qa.b\E+", Some((&["a.bbb"], &["a.b.b", "axb"]))),
            (r"x\Q|y", Some((&["x|y"], &["x", "y"]))),
            ("[[a]+", Some((&["[a[", "a"], &["b", "a]"]))),
            ("[a&&b]+", Some((&["a&b", "&"], &["c"]))),
            ("[a--b]", None),
            ("[a~~b]+", Some((&["a~b"], &["c"]))),
            (r"\<a\>", Some((&["<a>"], &["a"]))),
            (r"\d+x", Some((&["12x"], &["١x", "x"]))),
            (r"\w+-", Some((&["a_1-"], &["é-"]))),
            (r"a\sb.?", Some((&["a b", "a\tbx"], &["a\u{a0}b", "a\u{b}b"]))),
            (r"\D", Some((&["١", "a"], &["1"]))),
            ("[[:word:]]+é", Some((&["a_1é"], &["éé"]))),
            (r".*\bé.*", Some((&["aé"], &["é", " é"]))),
            (r"\101\07", Some((&["A\u{7}"], &["101"]))),
            (r"\p{^Greek}+", Some((&["abc"], &["aα"]))),
            (r"\P{Greek}\p{Greek}", Some((&["aα"], &["αα"]))),
            (r"\p{Cs}?a", Some((&["a"], &["b"]))),
            ("a**", None),
            ("a{2}{3}", None),
            ("a+*", None),
            ("a???", None),
            ("a*(?i)*", None),
            ("x{1001}", None),
            ("(x{100}){11}", None),
            ("(x{100}){10}", Some((&[], &["x"]))),
            ("x{2,1}", None),
            (r"\u0041", None),
            ("(?x)a", None),
            ("(?R)a", None),
            ("(?u)a", None),
            (".+x.?", Some((&["\nx", "\nx\n"], &["x"]))),
            ("a.*b", Some((&["a\nb"], &["a\nbc"]))),
        ]);
    }

    #[test]
    fn the_usual_signs() {
        check(&[
            ("", Some((&[""], &["a"]))),
            ("()|a", Some((&["", "a"], &["b"]))),
            ("a|b|", Some((&["a", "b", ""], &["ab"]))),
            ("(?i)api-[0-9]+", Some((&["API-1", "api-22"], &["api-"]))),
            ("(?i:a)b", Some((&["Ab"], &["AB"]))),
            ("a(?i)b|c", Some((&["aB", "C"], &["Ab"]))),
            ("(?-s)a.c", Some((&["abc"], &["a\nc"]))),
            ("(?s-i:a.)c", Some((&["a\nc"], &["A.c"]))),
            ("(?m)^a$\n^b$", Some((&["a\nb"], &["ab"]))),
            (r"a$b", Some((&[], &["ab", "a"]))),
            (r"\Aa\z", Some((&["a"], &["ab"]))),
            ("(?P<n>a)(?<m>b)", Some((&["ab"], &["a"]))),
            ("(?P<n>a)(?<n>b)", None),
            ("(?P<n n>a)", None),
            ("(?P=n)", None),
            ("(?=a)", None),
            ("(?<=a)b", None),
            ("(?>a)", None),
            ("(?i-)a", None),
            ("(?)a", Some((&["a"], &[""]))),
            ("(", None),
            ("(a", None),
            (")", None),
            ("a)|(b", None),
            ("*", None),
            ("a|*", None),
            ("(*)", None),
            ("(?i)*", None),
            ("^*a", Some((&["a"], &["aa"]))),
            (r"a\", None),
            (r"\C", None),
            (r"\G", None),
            (r"\Z", None),
            (r"\1", None),
            ("[a", None),
            ("a{2,}b?", Some((&["aa", "aaab"], &["a"]))),
            ("a{0}b", Some((&["b"], &["ab"]))),
            ("a{02}", Some((&["a{02}"], &["aa"]))),
            ("é+", Some((&["éé"], &["e"]))),
            (r"a\-b\_c\.d+", Some((&["a-b_c.dd"], &["axb"]))),
            (r"\x{D800}|a+", Some((&["a"], &["\u{fffd}"]))),
        ]);
    }

    #[test]
    fn refusals_tell_the_place() {
        let refusal = |text: &str| Pattern::new(text).unwrap_err().to_string();
        assert_eq!(
            refusal("éa**"),
            "regular expression \"éa**\", at character 4: \
             a repetition of a repetition; put the first into a group"
        );
        assert!(refusal("ab(c").contains("character 3: a group that is not closed"));
        assert!(refusal("a[b").contains("character 2: a bracket"));
    }

    #[test]
    fn limits_hold() {
        let nested = |depth: usize| "(".repeat(depth) + "a.?" + &")".repeat(depth);
        assert!(Pattern::new(&nested(100)).unwrap().matches("ax"));
        assert!(Pattern::new(&nested(100_000)).is_err());
        assert!(Pattern::new(r"(\pL{30}){30}x*").is_err(), "too many states");
        let deep = "(?:".repeat(100) + "a" + &"?)*".repeat(100);
        assert!(Pattern::new(&deep).unwrap().matches("aa"));
    }

    #[test]
    fn the_cheapest_form_is_taken() {
        let pattern = |text: &str| Pattern::new(text).unwrap();
        assert_eq!(pattern("b|a|b").values().unwrap(), ["a", "b"]);
        assert!(pattern(".*").is_anything() && pattern("(.*)").is_anything());
        assert!(!pattern(".+").is_anything() && pattern(".+").is_anything_but_empty());
        assert!(!pattern("(?-s).*").is_anything());
        assert!(pattern("a.*|.*").is_anything());
        assert!(matches!(pattern("a.*b|c").form, Form::Globs(_)));
        assert!(matches!(pattern("a[0-9]+").form, Form::Automaton(_)));
    }
}
