//! Selectors: `up{job="api", instance!~"10[.].*"}` → matchers.
//!
//! ```text
//! selector = name | [name] "{" [item {"," item} [","]] "}"
//! item     = label ("=" | "!=" | "=~" | "!~") string | string
//! name     = letter, "_" or ":", then those and digits
//! label    = letter or "_", then those and digits | string
//! string   = "…" or '…' with escapes, or `…` without
//! ```
//!
//! A string alone in the braces is the metric's name. As in PromQL, one matcher at least must
//! refuse the empty value: `{}` and `{job=~".*"}` would select everything and are refused.

use super::quoted::unquote;
use super::{METRIC_NAME, MatchOperator, Matcher};
use crate::error::{Error, Result};

/// Reads a selector in PromQL's notation.
///
/// # Errors
/// The text is not a selector, one of its regular expressions is refused, or it accepts everything.
/// The sentence tells the place as a count of characters from 1.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>> {
    let mut parser = Parser { text, at: 0, matchers: Vec::new(), has_metric_name: false };
    parser.selector()?;
    if parser.matchers.iter().all(Matcher::accepts_empty) {
        return Err(Error::refused(format!(
            "selector {text}: one matcher at least must not accept the empty value; \
             without a selector everything is chosen"
        )));
    }
    Ok(parser.matchers)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    matchers: Vec<Matcher>,
    has_metric_name: bool,
}

impl<'a> Parser<'a> {
    fn selector(&mut self) -> Result<()> {
        self.skip_space();
        if let Some(name) = self.word(true) {
            self.metric_name(name.to_owned())?;
            self.skip_space();
        }
        if self.take("{") {
            self.items()?;
        } else if !self.has_metric_name {
            return Err(self.expected("a metric name or `{`"));
        }
        self.skip_space();
        if self.at < self.text.len() {
            return Err(self.expected("the end of the selector"));
        }
        Ok(())
    }

    fn items(&mut self) -> Result<()> {
        loop {
            self.skip_space();
            if self.take("}") {
                return Ok(());
            }
            self.item()?;
            self.skip_space();
            if self.take(",") {
                continue;
            }
            if self.take("}") {
                return Ok(());
            }
            return Err(self.expected("`,` or `}`"));
        }
    }

    fn item(&mut self) -> Result<()> {
        let start = self.at;
        let quoted = self.string()?;
        let is_quoted = quoted.is_some();
        let label = match quoted.or_else(|| self.word(false).map(str::to_owned)) {
            Some(label) => label,
            None => return Err(self.expected("a label name or `}`")),
        };
        self.skip_space();
        let Some(operator) = self.operator() else {
            if is_quoted {
                return self.metric_name(label);
            }
            return Err(self.expected("`=`, `!=`, `=~` or `!~`"));
        };
        self.skip_space();
        let Some(value) = self.string()? else {
            return Err(self.expected("a quoted value"));
        };
        let matcher = Matcher::new(label, operator, value)
            .map_err(|error| self.refused_at(start, &error.to_string()))?;
        self.matchers.push(matcher);
        Ok(())
    }

    fn metric_name(&mut self, name: String) -> Result<()> {
        if self.has_metric_name {
            return Err(self.refused_at(self.at, "the metric name is given twice"));
        }
        self.has_metric_name = true;
        self.matchers.push(Matcher::new(METRIC_NAME, MatchOperator::Equal, name)?);
        Ok(())
    }

    fn operator(&mut self) -> Option<MatchOperator> {
        [
            ("=~", MatchOperator::Matches),
            ("!~", MatchOperator::NotMatches),
            ("!=", MatchOperator::NotEqual),
            ("=", MatchOperator::Equal),
        ]
        .into_iter()
        .find_map(|(sign, operator)| self.take(sign).then_some(operator))
    }

    /// A name without quotes.
    fn word(&mut self, colons: bool) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += length;
        Some(word)
    }

    fn string(&mut self) -> Result<Option<String>> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(['"', '\'', '`']) {
            return Ok(None);
        }
        match unquote(rest) {
            Ok((text, length)) => {
                self.at += length;
                Ok(Some(text))
            }
            Err((at, why)) => Err(self.refused_at(self.at + at, why)),
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.text[self.at..].starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn expected(&self, what: &str) -> Error {
        let found = match self.text[self.at..].chars().next() {
            Some(c) => format!("`{c}`"),
            None => "the end".to_owned(),
        };
        self.refused_at(self.at, &format!("expected {what}, found {found}"))
    }

    fn refused_at(&self, at: usize, why: &str) -> Error {
        let character = self.text[..at].chars().count() + 1;
        Error::refused(format!("selector {}, at character {character}: {why}", self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let matchers = parse_selector(text).unwrap();
        matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn refusal(text: &str) -> String {
        parse_selector(text).unwrap_err().to_string()
    }

    #[test]
    fn all_forms_are_read() {
        assert_eq!(shown("up"), r#"__name__="up""#);
        assert_eq!(shown(" job:up:sum { } "), r#"__name__="job:up:sum""#);
        assert_eq!(shown(r#"up{job="api",}"#), r#"__name__="up" job="api""#);
        assert_eq!(shown(r#"{a = "x", b != 'y'}"#), r#"a="x" b!="y""#);
        let quoted = r#"{"metric é", 'label.é'=~"v|w"}"#;
        assert_eq!(shown(quoted), r#"__name__="metric é" label.é=~"v|w""#);
        assert_eq!(shown(r#"{__name__="a"}"#), r#"__name__="a""#);
        assert_eq!(shown(r#"up{job="",on="1"}"#), r#"__name__="up" job="" on="1""#);
        assert_eq!(shown("{a=`x\\d`}"), r#"a="x\\d""#);
    }

    #[test]
    fn refusals_tell_the_place() {
        assert_eq!(
            refusal("é{}"),
            "selector é{}, at character 1: expected a metric name or `{`, found `é`"
        );
        assert_eq!(
            refusal(r#"up{job="a" x}"#),
            r#"selector up{job="a" x}, at character 12: expected `,` or `}`, found `x`"#
        );
        assert!(
            refusal("up{").ends_with("at character 4: expected a label name or `}`, found the end")
        );
        assert!(refusal(r#"up{a:b="x"}"#).contains("character 5"));
        assert!(refusal("up{job}").contains("expected `=`"));
        assert!(refusal("up{job=api}").contains("expected a quoted value"));
        assert!(refusal(r#"up{"down"}"#).contains("twice"));
        assert!(refusal(r#"up{job="a\q"}"#).contains("character 10"));
        assert!(refusal("up[5m]").contains("the end of the selector"));
        assert!(refusal("").contains("found the end"));
        assert!(refusal(r#"up{a="b",job=~"a**"}"#).contains("character 10: regular expression"));
    }

    #[test]
    fn everything_is_not_a_selector() {
        for text in ["{}", r#"{job=""}"#, r#"{job!="x"}"#, r#"{job=~".*"}"#] {
            assert!(refusal(text).contains("must not accept the empty value"), "{text}");
        }
    }
}
