//! Matchers accept the series that Prometheus selects with them.

#![allow(clippy::unwrap_used, reason = "a test")]

use chunkscope::labels::{Labels, MatchOperator, Matcher};
use chunkscope::types::TimeRange;
use chunkscope_tests::fixtures;
use serde_json::Value;

/// A series of an expectation: who it is, and when it has samples.
struct Series {
    labels: Labels,
    times: Vec<i64>,
}

fn series(line: &Value) -> Series {
    let samples = |kind: &str| line[kind].as_array().cloned().unwrap_or_default();
    let times = [samples("floats"), samples("histograms")].concat();
    Series {
        labels: serde_json::from_value(line["labels"].clone()).unwrap(),
        times: times.iter().map(|sample| sample[0].as_i64().unwrap()).collect(),
    }
}

fn matcher(value: &Value) -> Matcher {
    let text = |index: usize| value[index].as_str().unwrap();
    let operator = match text(1) {
        "=" => MatchOperator::Equal,
        "!=" => MatchOperator::NotEqual,
        "=~" => MatchOperator::Matches,
        "!~" => MatchOperator::NotMatches,
        other => panic!("{other} is no operator"),
    };
    Matcher::new(text(0), operator, text(2)).unwrap()
}

#[test]
fn matchers_accept_what_prometheus_selects() {
    let fixture = fixtures::named("wide");
    let all: Vec<Series> = fixture.json_lines("series.jsonl").unwrap().iter().map(series).collect();
    let cases = fixture.json_lines("select.jsonl").unwrap();
    assert!(cases.len() > 100, "the expectation has many selections");
    for case in cases {
        let matchers: Vec<Matcher> =
            case["matchers"].as_array().unwrap().iter().map(matcher).collect();
        let time = |name: &str, default| case.get(name).map_or(default, |t| t.as_i64().unwrap());
        let range = TimeRange::new(time("mint", i64::MIN), time("maxt", i64::MAX));
        let ids: Vec<&str> = all
            .iter()
            .filter(|series| {
                let value = |matcher: &Matcher| series.labels.get(matcher.name());
                matchers.iter().all(|matcher| matcher.accepts(value(matcher).unwrap_or_default()))
            })
            .filter(|series| series.times.iter().any(|time| range.contains(*time)))
            .map(|series| series.labels.get("id").unwrap())
            .collect();
        let expected: Option<Vec<&str>> =
            case["ids"].as_array().map(|ids| ids.iter().map(|id| id.as_str().unwrap()).collect());
        assert_eq!(ids, expected.unwrap_or_default(), "{}", case["matchers"]);
    }
}

#[test]
fn listed_values_are_those_that_are_accepted() {
    for case in fixtures::named("wide").json_lines("select.jsonl").unwrap() {
        for value in case["matchers"].as_array().unwrap() {
            let matcher = matcher(value);
            for value in matcher.set_values().unwrap_or_default() {
                assert_eq!(matcher.accepts(value), !matcher.is_negative(), "{matcher} {value}");
            }
        }
    }
}
