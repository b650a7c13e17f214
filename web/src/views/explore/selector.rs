//! A selector as parts that can be picked one by one: `name{label="value", …}`. Pure.
//!
//! The engine has the last word on what a selector means; this reads just enough to show the
//! builder's fields, and gives up on what it does not know.

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    pub(super) const ALL: [Self; 4] =
        [Self::Equal, Self::NotEqual, Self::Matches, Self::MatchesNot];

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }

    pub(super) fn read(text: &str) -> Self {
        Self::ALL.into_iter().find(|own| own.text() == text).unwrap_or(Self::Equal)
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) label: String,
    pub(super) operator: Operator,
    pub(super) value: String,
}

/// A selector in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector {
    pub(super) metric: String,
    pub(super) conditions: Vec<Condition>,
}

impl Selector {
    /// Reads a selector; nothing when it is more than that, or not finished.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let name_end = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
        let (metric, rest) = text.split_at(name_end);
        if metric.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut selector = Self { metric: metric.to_string(), conditions: Vec::new() };
        let mut rest = rest.trim_start();
        if rest.is_empty() {
            return Some(selector);
        }
        rest = rest.strip_prefix('{')?.trim_start();
        loop {
            if let Some(after) = rest.strip_prefix('}') {
                return after.trim().is_empty().then_some(selector);
            }
            let (condition, after) = condition(rest)?;
            match condition.operator {
                Operator::Equal if condition.label == "__name__" && selector.metric.is_empty() => {
                    selector.metric = condition.value;
                }
                _ => selector.conditions.push(condition),
            }
            rest = after.trim_start();
            rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
        }
    }

    /// The selector without conditions that lack a label.
    pub(super) fn print(&self) -> String {
        let plain = self.metric.chars().all(is_name)
            && !self.metric.starts_with(|c: char| c.is_ascii_digit());
        let mut parts = Vec::new();
        if !plain {
            parts.push(quoted(&self.metric));
        }
        for own in self.conditions.iter().filter(|own| !own.label.is_empty()) {
            let label = match own.label.chars().all(|c| is_name(c) && c != ':') {
                true => own.label.clone(),
                false => quoted(&own.label),
            };
            parts.push(format!("{label}{}{}", own.operator.text(), quoted(&own.value)));
        }
        let name = if plain { self.metric.as_str() } else { "" };
        if parts.is_empty() { name.to_string() } else { format!("{name}{{{}}}", parts.join(", ")) }
    }

    /// The selector without row `index` of the builder.
    pub(super) fn without_row(&self, index: usize) -> Self {
        let mut other = self.clone();
        if index < other.conditions.len() {
            other.conditions.remove(index);
        }
        other
    }

    /// The selector without condition `index`: what its values are looked up with.
    pub(super) fn without(&self, index: usize) -> Self {
        let mut other = self.without_row(index);
        other.conditions.retain(|own| !own.value.is_empty());
        other
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn condition(text: &str) -> Option<(Condition, &str)> {
    let (label, rest) = match text.starts_with(['"', '\'']) {
        true => string(text)?,
        false => {
            let end = text.find(|c: char| !is_name(c) && c != '.')?;
            (text[..end].to_string(), &text[end..])
        }
    };
    let rest = rest.trim_start();
    // A quoted name alone is the metric.
    if text.starts_with(['"', '\'']) && rest.starts_with([',', '}']) {
        let own = Condition { label: "__name__".into(), operator: Operator::Equal, value: label };
        return Some((own, rest));
    }
    let operator = [Operator::NotEqual, Operator::Matches, Operator::MatchesNot, Operator::Equal]
        .into_iter()
        .find(|own| rest.starts_with(own.text()))?;
    let (value, rest) = string(rest[operator.text().len()..].trim_start())?;
    (!label.is_empty()).then_some((Condition { label, operator, value }, rest))
}

/// A quoted string and what follows it. Escapes that are not among the usual ones end the reading.
fn string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| ['"', '\'', '`'].contains(c))?;
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((out, &text[at + c.len_utf8()..])),
            '\\' if quote != '`' => out.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '"' | '\'') => c,
                _ => return None,
            }),
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_go_both_ways() {
        for text in [
            "up",
            "up{job=\"api\"}",
            "job:rate:5m{a!=\"x\", b=~\"y|z\", c!~\"\"}",
            "{a=\"quote \\\" slash \\\\ line \\n\"}",
            "{\"http.requests\", \"dotted.label\"=\"x\"}",
        ] {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.print(), text);
        }
        let named = Selector::parse("{__name__=\"up\", job=`a\\b`,}").unwrap();
        assert_eq!(named.print(), "up{job=\"a\\\\b\"}");
    }

    #[test]
    fn what_is_more_than_a_selector_is_left_alone() {
        for text in ["rate(up[5m])", "up{job=", "up{job=\"a}", "up + 1", "5", "up{a=\"\\x41\"}"] {
            assert_eq!(Selector::parse(text), None, "{text}");
        }
        assert_eq!(Selector::parse(""), Some(Selector::default()));
    }

    #[test]
    fn a_value_is_looked_up_without_its_own_condition() {
        let selector = Selector::parse("up{a=\"1\", b=\"2\", c=\"\"}").unwrap();
        assert_eq!(selector.without(0).print(), "up{b=\"2\"}");
        assert_eq!(selector.without(9).print(), "up{a=\"1\", b=\"2\"}");
    }
}
