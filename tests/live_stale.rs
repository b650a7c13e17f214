//! Series that end and come back, evicted meanwhile: nothing is lost, invented, or seen twice.
#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{LiveDb, OpenLive, Upkeep, WriteOptions};
use chunkscope::event::{Event, Job};
use chunkscope::labels::{MatchOperator, Matcher};
use chunkscope::retention::RetentionOptions;
use chunkscope::storage::{Memory, Storage};
use chunkscope::types::TimeRange;
use chunkscope_tests::ours::{self, histogram};
use chunkscope_tests::scenario::{Value, Visible};

const MINUTE: i64 = 60_000;
const START: i64 = 1_699_999_200_000;

/// Numbers by chance, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) % end
    }
}

struct Life {
    memory: Memory,
    clock: Arc<VirtualClock>,
    db: Option<LiveDb>,
    model: Visible,
    evicted: usize,
}

impl Life {
    fn open(&mut self) {
        let options = WriteOptions {
            chunk_range: 10 * MINUTE,
            max_block_duration: Some(90 * MINUTE),
            retention: RetentionOptions::default(),
            out_of_order_window: 20 * MINUTE,
            stale_series_threshold: 0.2,
            ..WriteOptions::default()
        };
        let storage: Arc<dyn Storage> = Arc::new(self.memory.clone());
        let open = OpenLive::new(storage, options, Arc::clone(&self.clock) as _).unwrap();
        self.db = Some(open.told().run().unwrap());
    }

    fn append(&mut self, samples: &[(u32, i64, Value)]) {
        let db = self.db.as_mut().unwrap();
        let mut appender = db.appender().unwrap();
        for (series, time, value) in samples {
            let labels = ours::labels(*series);
            match value {
                Value::Float(bits) => {
                    db.append(&mut appender, &labels, (*time, f64::from_bits(*bits))).unwrap();
                }
                Value::Histogram(number) => {
                    db.append(&mut appender, &labels, (*time, histogram(*number))).unwrap();
                }
            }
            self.model.entry(*series).or_default().insert(*time, *value);
        }
        db.commit(appender).unwrap();
    }

    /// Some steps of upkeep, or all that is due.
    fn upkeep(&mut self, most: u64) {
        let db = self.db.as_mut().unwrap();
        for _ in 0..most {
            if matches!(db.upkeep().unwrap(), Upkeep::Idle { .. }) {
                break;
            }
        }
        let left = |event: &&Event| match event {
            Event::SeriesRemoved { why, .. } => why.contains("stale"),
            _ => false,
        };
        self.evicted += db.take_events().iter().filter(left).count();
    }

    fn delete(&mut self, series: u32, from: i64, to: i64) {
        let matcher = Matcher::new("series", MatchOperator::Equal, series.to_string()).unwrap();
        let db = self.db.as_mut().unwrap();
        db.delete_series(TimeRange::new(from, to), &[matcher]).unwrap();
        if let Some(own) = self.model.get_mut(&series) {
            own.retain(|time, _| !(from..=to).contains(time));
        }
    }

    fn check(&mut self, what: &str) {
        let mut read =
            ours::read_all(&self.db.as_ref().unwrap().view().sources(TimeRange::ALL)).unwrap();
        read.retain(|_, own| !own.is_empty());
        let wanted = self.model.iter().filter(|(_, own)| !own.is_empty());
        for (series, own) in wanted {
            let found = read.remove(series).unwrap_or_default();
            let lost = own.iter().find(|(time, value)| found.get(time) != Some(value));
            let more = found.iter().find(|(time, _)| !own.contains_key(time));
            assert_eq!((lost, more), (None, None), "{what}: s{series}");
        }
        assert!(read.is_empty(), "{what}: {read:?}");
    }
}

fn live(seed: u64) -> usize {
    let clock = Arc::new(VirtualClock::new(START, seed));
    let mut life =
        Life { memory: Memory::default(), clock, db: None, model: Visible::new(), evicted: 0 };
    life.open();
    let mut chance = Chance(seed + 1);
    // Which series are there now; a third of them hold histograms.
    let mut alive = [true; 9];
    for turn in 1..400_i64 {
        let now = START + turn * MINUTE / 4;
        let mut samples = Vec::new();
        for series in 0..9_u32 {
            let is_alive = &mut alive[series as usize];
            let ends = *is_alive && chance.below(12) == 0;
            if *is_alive && !ends {
                samples.push((
                    series,
                    now,
                    match series % 3 {
                        0 => Value::Histogram(turn as u32),
                        _ => Value::float(turn as f64),
                    },
                ));
            } else if ends {
                samples.push((series, now, Value::STALE));
            }
            *is_alive = (*is_alive && !ends) || chance.below(20) == 0;
        }
        life.append(&samples);
        life.clock.advance(MINUTE / 4);
        let most = chance.below(30);
        life.upkeep(if most > 20 { 10_000 } else { most });
        match chance.below(40) {
            0 => {
                let series = chance.below(9) as u32;
                life.delete(series, now - 5 * MINUTE, now - chance.below(240_000) as i64);
            }
            1 => {
                life.db.take().unwrap().close().unwrap();
                life.open();
            }
            2 => {
                drop(life.db.take()); // as a process that ends
                life.open();
            }
            _ => {}
        }
        if turn % 8 == 0 {
            life.check(&format!("seed {seed}, turn {turn}"));
        }
    }
    life.evicted
}

#[test]
fn series_that_end_and_come_back_lose_nothing() {
    let evicted: usize = (0..10).map(live).sum();
    assert!(evicted > 250, "only {evicted} series were evicted");
}
