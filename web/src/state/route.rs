//! The address bar: everything that makes a view, as the fragment of the URL.
//!
//! ```text
//! #/explore?dir=server&at=/head&zone=local&g0.expr=up&g0.range_input=5m&g0.end_input=2026-…
//! ```
//!
//! The query's names are those of Prometheus' graph page (`g0.expr`, `g0.range_input`,
//! `g0.end_input`, `g0.step_input`, `g0.tab`), so that its links work here behind the `#`. Unknown
//! names are ignored, and so is a value that cannot be read. `#demo` is short for the first sample.

use chunkscope::types::TimeRange;

use super::query_form::{QueryForm, ResultTab};
use super::samples::SAMPLES;
use super::time_text::{format_duration, format_time, parse_duration, parse_time};
use crate::protocol::Address;

/// What the fragment says. `None` = it says nothing about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Route {
    /// The view, by its name.
    pub view: Option<String>,
    /// The sample directory to open.
    pub sample: Option<String>,
    /// The selected address.
    pub address: Option<Address>,
    /// True for local time.
    pub local_time: bool,
    /// The visible range; an end without a range begins where the data does.
    pub range: Option<TimeRange>,
    /// The length of the visible range when no end is given: it ends with the data.
    pub last: Option<i64>,
    /// The query's expression.
    pub expr: Option<String>,
    /// Its step in milliseconds.
    pub step: Option<i64>,
    /// Graph or table.
    pub tab: Option<ResultTab>,
}

impl Route {
    /// Reads a fragment, with or without `#`. Times without a zone are UTC.
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let view = path.trim_matches('/');
        let view_name = match view {
            "" | "demo" => None,
            "graph" | "query" => Some("explore".into()), // Prometheus' own names
            view => Some(decode(view)),
        };
        let mut route = Self { view: view_name, ..Self::default() };
        if view == "demo" {
            route.sample = SAMPLES.first().map(|sample| sample.name.to_owned());
        }
        let (mut end, mut span) = (None, None);
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decode(value);
            match decode(name).as_str() {
                "dir" => route.sample = Some(value),
                "at" => route.address = value.parse().ok(),
                "zone" => route.local_time = value == "local",
                "g0.expr" => route.expr = Some(value),
                "g0.range_input" => span = parse_duration(&value),
                "g0.end_input" => end = parse_time(&value, 0),
                "g0.step_input" => route.step = parse_duration(&value),
                "g0.tab" => route.tab = Some(tab(&value)),
                _ => {}
            }
        }
        match (end, span) {
            (Some(end), span) => {
                let span = span.unwrap_or(3_600_000);
                route.range = Some(TimeRange::new(end.saturating_sub(span), end));
            }
            (None, span) => route.last = span,
        }
        route
    }

    /// The form's part of the route.
    #[must_use]
    pub fn with_query(mut self, form: &QueryForm) -> Self {
        self.expr = (!form.expr.is_empty()).then(|| form.expr.clone());
        self.step = form.step;
        self.tab = (form.tab != ResultTab::default()).then_some(form.tab);
        self
    }

    /// The fragment, with `#`.
    #[must_use]
    pub fn print(&self) -> String {
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: String| pairs.push(format!("{name}={}", encode(&value)));
        if let Some(sample) = &self.sample {
            add("dir", sample.clone());
        }
        if let Some(address) = self.address.as_ref().filter(|it| **it != Address::Directory) {
            add("at", address.to_string());
        }
        if self.local_time {
            add("zone", "local".into());
        }
        if let Some(expr) = &self.expr {
            add("g0.expr", expr.clone());
        }
        if let Some(range) = self.range {
            add("g0.range_input", format_duration(range.max_time - range.min_time));
            add("g0.end_input", format_time(range.max_time, 0));
        } else if let Some(last) = self.last {
            add("g0.range_input", format_duration(last));
        }
        if let Some(step) = self.step {
            add("g0.step_input", format_duration(step));
        }
        if let Some(tab) = self.tab {
            add("g0.tab", if tab == ResultTab::Table { "1" } else { "0" }.into());
        }
        let view = encode(self.view.as_deref().unwrap_or_default());
        if pairs.is_empty() { format!("#/{view}") } else { format!("#/{view}?{}", pairs.join("&")) }
    }
}

/// Prometheus 2 wrote 0 for the graph and 1 for the table, Prometheus 3 writes words.
fn tab(text: &str) -> ResultTab {
    if matches!(text, "1" | "table") { ResultTab::Table } else { ResultTab::Graph }
}

/// Percent-encodes what a fragment or its names and values may not hold.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~/:@,()'*!".contains(&byte);
        if plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The inverse; `+` is a space, and what is not a valid escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(escaped) => {
                decoded.push(escaped);
                at += 3;
            }
            None => {
                decoded.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_survives_the_address_bar() {
        let route = Route {
            view: Some("explore".into()),
            sample: Some("server".into()),
            address: "/block/01M7W9S29P9TR0PYK684K7T29N/series/52".parse().ok(),
            local_time: true,
            range: Some(TimeRange::new(1_795_172_000_250, 1_795_172_655_861)),
            last: None,
            expr: Some(r#"up{job=~"a&b|c+d", x="ü"}"#.into()),
            step: Some(15_000),
            tab: Some(ResultTab::Table),
        };
        assert_eq!(Route::parse(&route.print()), route, "{}", route.print());
        assert_eq!(Route::parse(&Route::default().print()), Route::default());
        assert_eq!(Route::parse("#demo").sample.as_deref(), Some("server"));
    }

    #[test]
    fn links_of_prometheus_work() {
        let route = Route::parse(
            "#/graph?g0.expr=rate(up%5B5m%5D)&g0.tab=0&g0.range_input=1h&\
             g0.end_input=2026-11-20%2010%3A00%3A00&g0.step_input=15&g0.stacked=0",
        );
        assert_eq!(route.view.as_deref(), Some("explore"));
        assert_eq!(route.expr.as_deref(), Some("rate(up[5m])"));
        assert_eq!(route.step, Some(15_000));
        let range = route.range.unwrap();
        assert_eq!(range.max_time - range.min_time, 3_600_000);
        assert_eq!(Route::parse("#/explore?g0.range_input=30m").last, Some(1_800_000));
    }

    #[test]
    fn nonsense_is_ignored() {
        let route = Route::parse("#/%zz?at=nowhere&g0.end_input=x&&=&g0.step_input=-1&%");
        assert_eq!(route, Route { view: Some("%zz".into()), ..Route::default() });
    }
}
