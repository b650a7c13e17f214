//! Logs of real Prometheus: what each segment holds, and what of damaged ones stays readable.

use chunkscope::event::Job;
use chunkscope::wal::{SurveyJob, WalSurvey};
use chunkscope_tests::fixtures::{self, Fixture, difference};

fn survey(fixture: &Fixture) -> WalSurvey {
    SurveyJob::new(fixture.storage()).and_then(Job::run).expect("a fixture can be read")
}

#[test]
fn every_segment_holds_what_prometheus_found_in_it() {
    let mut compared = 0;
    for fixture in fixtures::healthy() {
        let Some(expected) = fixture.json("wal.json") else { continue };
        let survey = survey(&fixture);
        let actual = serde_json::to_value(&survey).expect("a survey is JSON");
        assert_eq!(difference(&expected, &actual), None, "{}", fixture.name);
        let logs = expected.as_object().map_or(0, serde_json::Map::len);
        assert_eq!(survey.logs.len(), logs, "{}: no other logs", fixture.name);
        for finding in &survey.findings {
            assert!(finding.severity < chunkscope::event::Severity::Damage, "{finding:?}");
        }
        compared += logs;
    }
    assert!(compared >= fixtures::at_least(8, 7), "only {compared} logs were compared");
}

#[test]
fn damage_is_named_and_costs_little() {
    let whole = |fixture: &str| -> u64 {
        let records = |log: &Vec<chunkscope::wal::SegmentSurvey>| -> u64 {
            log.iter().flat_map(|segment| segment.record_types.values()).sum()
        };
        survey(&fixtures::named(fixture)).logs.values().map(records).sum()
    };
    let base = whole("corrupt/base-wal");
    for fixture in fixtures::damaged() {
        let case = fixture.name.trim_start_matches("corrupt/");
        let flipped = ["flip-data", "flip-crc", "flip-length", "flip-type-zero", "length-too-big"];
        if !flipped.iter().any(|one| case == format!("wal-{one}")) {
            continue;
        }
        let survey = survey(&fixture);
        let damaged: Vec<_> = survey.findings.iter().map(|finding| &finding.at).collect();
        assert_eq!(damaged.len(), 1, "{case}: {damaged:?}");
        assert!(damaged[0].offset.is_some() && damaged[0].path.starts_with("wal/0000000"));
        assert_eq!(whole(&fixture.name), base - 1, "{case} costs one record");
    }
}

#[test]
fn every_damaged_log_has_a_finding_and_no_undamaged_one() {
    // Legal, or seen only by who knows the series: the head's replay.
    let unseen = [
        "wal-both-compression-flags",
        "wal-duplicate-series-record",
        "wal-empty-records",
        "wal-padded-ok",
        "wal-reserved-bits",
        "wal-torn-record-boundary",
        "wal-unknown-record-type",
        "wal-unknown-series-refs",
        "wal-zero-byte-segment",
        "wbl-marker-past-end",
    ];
    for fixture in fixtures::damaged() {
        let case = fixture.name.trim_start_matches("corrupt/").to_owned();
        let findings = survey(&fixture).findings;
        let told: Vec<_> = findings.iter().map(|f| format!("{} {}", f.at, f.what)).collect();
        let of_log = ["wal-", "wbl-", "checkpoint-"].iter().any(|log| case.starts_with(log));
        let expected = of_log && !unseen.contains(&case.as_str());
        let other = case == "leftovers" || case.starts_with("snapshot-");
        assert!(other || expected != findings.is_empty(), "{case}: {told:#?}");
    }
}

#[test]
fn logs_of_other_programs_are_said_to_be_what_they_are() {
    use chunkscope::head::{Replay, ReplayOptions};
    use chunkscope::storage::{Memory, Storage, join};
    use chunkscope_tests::contents::files;
    use std::sync::Arc;

    for (name, words) in [("legacy-wal", "Prometheus 2.0 to 2.3"), ("loki-wal", "Loki")] {
        let source = fixtures::named(name).storage();
        for entry in source.list("").expect("it can be listed") {
            if entry.name.contains("migrated") {
                continue;
            }
            let told = |findings: &[chunkscope::event::Finding]| {
                assert_eq!(findings.len(), 1, "{name}/{}: {findings:?}", entry.name);
                assert!(findings[0].what.contains(words), "{name}/{}: {findings:?}", entry.name);
            };
            for folder in ["wal", ""] {
                let memory = Memory::default();
                for (path, bytes) in files(source.as_ref(), &entry.name) {
                    let path = join(folder, path[entry.name.len()..].trim_start_matches('/'));
                    memory.put(&path, bytes).expect("a plain path");
                }
                let storage: Arc<dyn Storage> = Arc::new(memory);
                let job = SurveyJob::new(Arc::clone(&storage)).expect("a survey begins");
                told(&job.run().expect("and ends").findings);
                if folder == "wal" {
                    let head = Replay::new(storage, ReplayOptions::default()).run();
                    told(head.expect("a replay ends").findings());
                }
            }
        }
    }
}

#[test]
fn a_segment_of_noise_is_read_to_its_end_with_bounded_findings() {
    use chunkscope::storage::Memory;
    use std::sync::Arc;

    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    let noise: Vec<u8> = noise.take(8 << 20).collect();
    let storage = Memory::default();
    storage.put("wal/00000000", noise).expect("a plain path");
    let survey = SurveyJob::new(Arc::new(storage)).and_then(Job::run).expect("it ends");
    assert_eq!(survey.findings.len(), 101);
    assert!(survey.findings[100].what.contains("more damaged places"));
}
