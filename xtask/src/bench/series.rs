//! Made-up series and samples: the same on every run, with the irregularity of real ones.
//!
//! Half are counters that grow by whole numbers, half are gauges with three decimals; scrapes come
//! a few milliseconds late. Regular data would flatter everybody: a chunk of it is nearly empty.

use std::fmt::Write;

/// First time of all made-up data: 2023-11-14 22:13:20 UTC.
pub(super) const START: i64 = 1_700_000_000_000;

/// Milliseconds from one scrape to the next.
pub(super) const INTERVAL: i64 = 15_000;

/// One series and where its values are.
pub(super) struct Series {
    /// Name and value, sorted by name.
    pub(super) labels: Vec<(&'static str, String)>,
    random: Random,
    value: f64,
    is_counter: bool,
}

impl Series {
    /// The series of this number.
    pub(super) fn new(number: u64) -> Series {
        let target = number / 1000;
        let metric = number % 1000;
        let is_counter = metric.is_multiple_of(2);
        let name = format!("bench_{}_{}", if is_counter { "total" } else { "ratio" }, metric / 20);
        let labels = vec![
            ("__name__", name),
            ("handler", format!("/api/v1/things/{}", metric % 20)),
            ("instance", format!("10.0.{}.{}:9100", target / 250, target % 250)),
            ("job", "bench".to_owned()),
        ];
        Series { labels, random: Random::new(number), value: 0.0, is_counter }
    }

    /// The next value.
    pub(super) fn next(&mut self) -> f64 {
        let random = self.random.next();
        if self.is_counter {
            self.value += (random % 50) as f64;
        } else {
            self.value = (random % 1_000_000) as f64 / 1000.0;
        }
        self.value
    }

    /// `name{label="value",…}` as OpenMetrics wants it.
    pub(super) fn text(&self) -> String {
        let mut text = self.labels[0].1.clone();
        let mut before = '{';
        for (name, value) in &self.labels[1..] {
            let _ = write!(text, "{before}{name}=\"{value}\"");
            before = ',';
        }
        text + "}"
    }
}

/// The time of a scrape, a few milliseconds late.
pub(super) fn time_of_scrape(scrape: usize) -> i64 {
    let late = Random::new(scrape as u64 ^ 0x5eed).next() % 8;
    START + INTERVAL * scrape as i64 + late as i64
}

/// xorshift64*: small, fast, good enough to be irregular.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_all_different_and_repeatable() {
        let names: std::collections::BTreeSet<String> =
            (0..3000).map(|number| Series::new(number).text()).collect();
        assert_eq!(names.len(), 3000);
        let (mut one, mut other) = (Series::new(7), Series::new(7));
        for _ in 0..10 {
            assert_eq!(one.next().to_bits(), other.next().to_bits());
        }
    }

    #[test]
    fn times_ascend() {
        let times: Vec<i64> = (0..1000).map(time_of_scrape).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
