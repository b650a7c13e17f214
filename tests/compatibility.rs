//! Undamaged data directories of real Prometheus hold here what Prometheus found in them.

use chunkscope_tests::{expectations, fixtures};

#[test]
fn every_healthy_directory_is_read_as_prometheus_reads_it() {
    let fixtures = fixtures::healthy();
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        let expected = |name: &str| fixture.expected(name);
        for difference in expectations::differences(fixture.storage(), &expected) {
            wrong.push(format!("{}: {difference}", fixture.name));
        }
    }
    assert!(wrong.is_empty(), "{} fixtures, these differ:\n{}", fixtures.len(), wrong.join("\n"));
}
