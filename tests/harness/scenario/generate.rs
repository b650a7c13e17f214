//! A seed becomes a life, or bytes do: the same one on every machine.

use std::collections::BTreeMap;
use std::ops::Range;

use super::chance::Chance;
use super::step::{Sample, Scenario, Settings, Step, Tuning, Value, is_histogram};

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
    /// Whether upkeep is done piece by piece, with other things in between, and what changes no
    /// answer is chosen, too.
    pub varied: bool,
}

impl Default for Shape {
    fn default() -> Self {
        let start = 1_700_000_000_000;
        Self { steps: 400, series: 6, start, histograms: true, power_loss: true, varied: false }
    }
}

struct Maker<'a> {
    random: Chance<'a>,
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
    make(seed, shape, Chance::of_seed(seed))
}

/// The life that these bytes choose: it ends with them, or after `shape.steps`.
#[must_use]
pub fn from_bytes(bytes: &[u8], shape: Shape) -> Scenario {
    make(0, shape, Chance::Bytes(bytes))
}

/// Bytes of a life that [`from_bytes`] makes something of: what a fuzzer starts from.
#[must_use]
pub fn bytes_of(seed: u64) -> Vec<u8> {
    let mut random = Chance::of_seed(seed);
    let length = 200 + random.below(4000);
    (0..length).map(|_| random.below(256) as u8).collect()
}

fn make(seed: u64, shape: Shape, mut random: Chance<'_>) -> Scenario {
    let chunk_range = [60_000, 600_000, 7_200_000][random.below(3) as usize];
    let window = if random.once_in(2) { 0 } else { chunk_range * [1, 3][random.below(2) as usize] };
    let retention = random.once_in(3).then(|| chunk_range * (4 + random.below(12)));
    let sync_commits = !random.once_in(3);
    let tuning = if shape.varied { tuning(&mut random) } else { Tuning::default() };
    let settings = Settings { chunk_range, window, retention, sync_commits, tuning };
    let interval = chunk_range / [20, 60, 200][random.below(3) as usize];
    let (now, born) = (shape.start, shape.series);
    let alive = (0..born).collect();
    let (counters, newest, deleted) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut maker =
        Maker { random, settings, shape, now, interval, alive, born, counters, newest, deleted };
    let mut steps = Vec::new();
    while steps.len() < shape.steps && !maker.random.is_over() {
        steps.push(maker.step());
    }
    Scenario { seed, settings, steps }
}

fn tuning(random: &mut Chance<'_>) -> Tuning {
    Tuning {
        compressed: !random.once_in(3),
        xor2: random.once_in(4),
        snapshot: random.once_in(3),
        segment_pages: [1, 4][random.below(2) as usize],
        samples_per_chunk: [120, 10][random.below(2) as usize],
        out_of_order_capacity: [32, 3][random.below(2) as usize],
    }
}

impl Maker<'_> {
    fn step(&mut self) -> Step {
        match self.random.below(1000) {
            0..20 => self.delete(),
            20..90 => Step::Upkeep,
            90..96 => Step::Clean,
            96..106 => Step::Reopen,
            106..120 => Step::Crash,
            120..126 if self.shape.power_loss => Step::PowerLoss,
            126..160 if self.shape.varied => Step::Work(1 + self.random.below(12) as usize),
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
            3 => Value::Float(self.random.bits().rotate_left(40) | 1),
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
            1 if !is_histogram(series) && !self.is_deleted(own.time) => {
                Sample { value: Value::float(-1.0), ..own }
            }
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

    fn is_deleted(&self, time: i64) -> bool {
        self.deleted.iter().any(|(from, to)| (*from..=*to).contains(&time))
    }

    /// Late samples, in the window or a little before it.
    fn add_late(&mut self, samples: &mut Vec<Sample>) {
        for _ in 0..=self.random.below(6) {
            let series = self.alive[self.random.below(self.alive.len() as i64) as usize];
            let time = self.now - self.random.below(self.settings.window * 11 / 10);
            if !self.is_deleted(time) && (self.shape.histograms || !is_histogram(series)) {
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
    fn bytes_are_one_life_and_a_byte_more_is_a_longer_one() {
        let bytes: Vec<u8> = (0..2000_u32).map(|at| (at * at / 7 % 251) as u8).collect();
        let shape = Shape { varied: true, ..Shape::default() };
        let life = from_bytes(&bytes, shape);
        assert_eq!(life, from_bytes(&bytes, shape));
        assert!(life.steps.len() > 20, "{life}");
        let before = from_bytes(&bytes[..1000], shape);
        assert!(life.prefix(before.steps.len() - 1) == before.prefix(before.steps.len() - 1));
        assert_eq!(from_bytes(&[], shape).steps.len(), 0);
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
