//! How often progress is told, and how fast the work is.

use chunkscope::event::Progress as Done;
use chunkscope::types::TimeRange;

use crate::protocol::{HeadSoFar, Progress};

/// Milliseconds between two notices.
const BETWEEN_NOTICES: f64 = 100.0;
/// Milliseconds of work between two pauses.
const BETWEEN_PAUSES: f64 = 24.0;
/// A rate means something only after so many milliseconds.
const RATE_AFTER: f64 = 50.0;

/// The rhythm of one long task. Times are milliseconds on any clock that only goes forward.
#[derive(Debug, Clone)]
pub struct Pace {
    began: f64,
    told: f64,
    paused: f64,
    stage: String,
    stage_began: f64,
}

impl Pace {
    /// The task begins at `now`.
    #[must_use]
    pub fn new(now: f64) -> Self {
        Self { began: now, told: f64::MIN, paused: now, stage: String::new(), stage_began: now }
    }

    /// True when messages should be let in.
    #[must_use]
    pub fn wants_pause(&self, now: f64) -> bool {
        now - self.paused >= BETWEEN_PAUSES
    }

    /// The task goes on after a pause.
    pub fn resumed(&mut self, now: f64) {
        self.paused = now;
    }

    /// Milliseconds since the task began.
    #[must_use]
    pub fn elapsed(&self, now: f64) -> f64 {
        now - self.began
    }

    /// The notice to send, when one is due: after a while, and at once for a new stage.
    pub fn notice(&mut self, now: f64, done: &Done, time: Option<TimeRange>) -> Option<Progress> {
        let new_stage = done.stage != self.stage;
        if new_stage {
            self.stage.clone_from(&done.stage);
            self.stage_began = now;
        } else if now - self.told < BETWEEN_NOTICES {
            return None;
        }
        self.told = now;
        let rate = |count: u64, since: f64| {
            let elapsed = now - since;
            if elapsed >= RATE_AFTER { count as f64 * 1000.0 / elapsed } else { 0.0 }
        };
        Some(Progress {
            stage: done.stage.clone(),
            detail: done.detail.clone(),
            bytes_done: done.bytes_done,
            bytes_total: done.bytes_total,
            bytes_per_second: rate(done.bytes_done, self.stage_began),
            elapsed_ms: now - self.began,
            head: HeadSoFar {
                records: done.records,
                series: done.series,
                samples: done.samples,
                samples_per_second: rate(done.samples, self.began),
                time,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(stage: &str, bytes_done: u64) -> Done {
        Done { stage: stage.into(), bytes_done, bytes_total: 1000, ..Done::default() }
    }

    #[test]
    fn a_stage_is_told_at_once_and_then_ten_times_a_second() {
        let mut pace = Pace::new(1000.0);
        assert!(pace.notice(1000.0, &done("blocks", 0), None).is_some());
        assert!(pace.notice(1050.0, &done("blocks", 10), None).is_none());
        let told = pace.notice(1100.0, &done("blocks", 50), None).unwrap();
        assert_eq!((told.bytes_per_second, told.elapsed_ms), (500.0, 100.0));
        let told = pace.notice(1110.0, &done("log", 5), None).unwrap();
        assert_eq!(told.bytes_per_second, 0.0, "too early to tell");
    }

    #[test]
    fn pauses_come_between_pieces_of_work() {
        let mut pace = Pace::new(0.0);
        assert!(!pace.wants_pause(10.0));
        assert!(pace.wants_pause(30.0));
        pace.resumed(31.0);
        assert!(!pace.wants_pause(40.0));
    }
}
