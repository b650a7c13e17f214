//! A seed becomes a life: the same one on every machine.

use std::collections::BTreeMap;
use std::ops::Range;

use super::step::{Sample, Scenario, Settings, Step, Value, is_histogram};

/// How a life is to be.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Its length.
    pub steps: usize,
    /// Series that are alive at once.
    pub series: u32,
    /// The time of the first sample.
    pub start: i64,
    /// Whether there are histograms.
    pub histograms: bool,
    /// Whether the power may fail.
    pub power_loss: bool,
}

impl Default for Shape {
    fn default() -> Self {
        let start = 1_700_000_000_000;
        Self { steps: 400, series: 6, start, histograms: true, power_loss: true }
    }
}

/// Chance, the same for the same seed: xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, end: i64) -> i64 {
        (self.next() % end.max(1) as u64) as i64
    }

    /// True once in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

struct Maker {
    random: Random,
    settings: Settings,
    shape: Shape,
    now: i64,
    interval: i64,
    alive: Vec<u32>,
    born: u32,
    /// Counters of series.
    counters: BTreeMap<u32, u32>,
    /// The newest sample of each series, as far as it was meant to be taken.
    newest: BTreeMap<u32, Sample>,
    /// Deleted ranges: late samples in them would be hidden or not, as chunks happen to be cut.
    deleted: Vec<(i64, i64)>,
}

/// The seeds to try: `CHUNKSCOPE_SEEDS=1000..2000` asks for others than those of every run.
///
/// # Panics
/// The variable says something else.
#[must_use]
pub fn seeds(usual: Range<u64>) -> Range<u64> {
    let Ok(asked) = std::env::var("CHUNKSCOPE_SEEDS") else { return usual };
    let ends = asked.split_once("..");
    let ends = ends.map(|(from, to)| (from.parse::<u64>(), to.parse::<u64>()));
    match ends {
        Some((Ok(from), Ok(to))) => from..to,
        _ => panic!("CHUNKSCOPE_SEEDS={asked} is not FROM..TO"),
    }
}

/// The life of this seed.
#[must_use]
pub fn generate(seed: u64, shape: Shape) -> Scenario {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    (0..4).for_each(|_| _ = random.next());
    let chunk_range = [60_000, 600_000, 7_200_000][random.below(3) as usize];
    let window = if random.once_in(2) { 0 } else { chunk_range * [1, 3][random.below(2) as usize] };
    let retention = random.once_in(3).then(|| chunk_range * (4 + random.below(12)));
    let sync_commits = !random.once_in(3);
    let settings = Settings { chunk_range, window, retention, sync_commits };
    let interval = chunk_range / [20, 60, 200][random.below(3) as usize];
    let (now, born) = (shape.start, shape.series);
    let alive = (0..born).collect();
    let (counters, newest, deleted) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut maker =
        Maker { random, settings, shape, now, interval, alive, born, counters, newest, deleted };
    let mut steps = Vec::new();
    while steps.len() < shape.steps {
        steps.push(maker.step());
    }
    Scenario { seed, settings, steps }
}

impl Maker {
    fn step(&mut self) -> Step {
        match self.random.below(1000) {
            0..20 => self.delete(),
            20..90 => Step::Upkeep,
            90..96 => Step::Clean,
            96..106 => Step::Reopen,
            106..120 => Step::Crash,
            120..126 if self.shape.power_loss => Step::PowerLoss,
            _ => self.scrape(),
        }
    }

    /// The series that are alive get a sample each, or most of them.
    fn scrape(&mut self) -> Step {
        let jump = if self.random.once_in(40) { self.settings.chunk_range * 2 } else { 0 };
        self.now += self.interval + self.random.below(jump + 1);
        let mut samples = Vec::new();
        for index in 0..self.alive.len() {
            let series = self.alive[index];
            if is_histogram(series) && !self.shape.histograms || self.random.once_in(12) {
                continue;
            }
            let time = self.now + self.random.below(self.interval / 4);
            let value = self.value(series, time);
            samples.push(Sample { series, time, value });
            if self.random.once_in(50) {
                // It ends, and another one begins, or one of old comes back.
                let marker = Sample { series, time: time + 1, value: Value::STALE };
                samples.push(marker);
                let returns = self.random.once_in(3);
                self.born += u32::from(!returns);
                let back = self.random.below(i64::from(self.born)) as u32;
                let next = if returns { back } else { self.born - 1 };
                if !self.alive.contains(&next) {
                    self.alive[index] = next;
                }
            }
        }
        let commit = !self.random.once_in(15);
        if commit {
            self.newest.extend(samples.iter().map(|own| (own.series, *own)));
        }
        if self.random.once_in(6) {
            samples.extend(self.unwelcome());
        }
        if self.settings.window > 0 && self.random.once_in(3) {
            self.add_late(&mut samples);
        }
        Step::Append { samples, commit }
    }

    fn value(&mut self, series: u32, time: i64) -> Value {
        if is_histogram(series) {
            let counter = self.counters.entry(series).or_default();
            *counter = if self.random.once_in(30) { 1 } else { *counter + 1 };
            return Value::Histogram(*counter);
        }
        match self.random.below(40) {
            0 => Value::float(f64::NAN),
            1 => Value::float(f64::INFINITY),
            2 => Value::float(-0.0),
            3 => Value::Float(self.random.next().rotate_left(40) | 1),
            4 => Value::STALE,
            5..15 => Value::float(self.random.below(1000) as f64 / 8.0),
            _ => late_value(series, time),
        }
    }

    /// A sample that is refused, or changes nothing: behind its series, at its end, far away.
    fn unwelcome(&mut self) -> Option<Sample> {
        let at = self.random.below(self.newest.len() as i64) as usize;
        let own = *self.newest.values().nth(at)?;
        let series = own.series;
        if is_histogram(series) && own.value == Value::STALE {
            return None; // a marker is a float until it is committed: never the same again
        }
        Some(match self.random.below(4) {
            0 => own,
            1 if !is_histogram(series) => Sample { value: Value::float(-1.0), ..own },
            2 => {
                let time = own.time - self.settings.chunk_range * 8;
                Sample { series, time, value: late_value(series, time) }
            }
            _ if self.settings.window > 0 => return None, // that would be a late sample
            _ => {
                let time = own.time - self.random.below(self.settings.chunk_range);
                Sample { series, time, value: late_value(series, time) }
            }
        })
    }

    /// Late samples, in the window or a little before it.
    fn add_late(&mut self, samples: &mut Vec<Sample>) {
        for _ in 0..=self.random.below(6) {
            let series = self.alive[self.random.below(self.alive.len() as i64) as usize];
            let time = self.now - self.random.below(self.settings.window * 11 / 10);
            let hidden = self.deleted.iter().any(|(from, to)| (*from..=*to).contains(&time));
            if !hidden && (self.shape.histograms || !is_histogram(series)) {
                samples.push(Sample { series, time, value: late_value(series, time) });
            }
        }
    }

    fn delete(&mut self) -> Step {
        let reach = self.settings.chunk_range * (1 + self.random.below(6));
        let min_time = self.now - self.random.below(reach);
        let max_time = min_time + self.random.below(self.settings.chunk_range);
        self.deleted.push((min_time, max_time));
        let chosen = (0..self.born).filter(|_| self.random.once_in(3)).collect();
        Step::Delete { series: chosen, min_time, max_time }
    }
}

/// The value of a sample that may come late: the same whenever it comes, for which of two samples
/// of one time is seen is nobody's promise.
fn late_value(series: u32, time: i64) -> Value {
    let number = (time.rem_euclid(10_007) as u32).wrapping_mul(31).wrapping_add(series);
    if is_histogram(series) { Value::Histogram(number % 50) } else { Value::float(number.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_life_and_lives_differ() {
        let shape = Shape::default();
        assert_eq!(generate(7, shape), generate(7, shape));
        assert_ne!(generate(7, shape).steps, generate(8, shape).steps);
    }

    #[test]
    fn lives_have_all_that_can_happen() {
        let lives: Vec<Scenario> = (0..20).map(|seed| generate(seed, Shape::default())).collect();
        let has = |wanted: fn(&Step) -> bool| lives.iter().flat_map(|l| &l.steps).any(wanted);
        assert!(has(|step| matches!(step, Step::Delete { .. })));
        assert!(has(|step| matches!(step, Step::Upkeep)) && has(|step| *step == Step::Clean));
        assert!(has(|step| *step == Step::Crash) && has(|step| *step == Step::PowerLoss));
        assert!(has(|step| matches!(step, Step::Append { commit: false, .. })));
        let windows: std::collections::BTreeSet<bool> =
            lives.iter().map(|life| life.settings.window > 0).collect();
        assert_eq!(windows.len(), 2);
    }
}
