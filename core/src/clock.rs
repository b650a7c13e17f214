//! The outside world that is no file: what time it is, and chance.
//!
//! Both are injected, so that a run can be replayed: the lab and the tests live on a
//! [`VirtualClock`], whose time moves when told and whose chance follows from a seed.

use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use crate::types::{BlockId, Duration, Timestamp};

/// Where time and chance come from.
pub trait Clock: Send + Sync + Debug {
    /// Milliseconds since 1970-01-01 UTC.
    fn now(&self) -> Timestamp;

    /// 64 bits that nobody can foretell, or that follow from a seed.
    fn entropy(&self) -> u64;

    /// A name for a block that is made now: 48 bits of time, 80 of chance.
    fn new_block_id(&self) -> BlockId {
        let time = self.now().clamp(0, (1 << 48) - 1) as u128;
        let chance = u128::from(self.entropy()) << 64 | u128::from(self.entropy());
        BlockId(time << 80 | chance >> 48)
    }
}

/// The time and the chance of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[cfg(not(target_arch = "wasm32"))]
    fn now(&self) -> Timestamp {
        use std::time::{SystemTime, UNIX_EPOCH};
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_millis() as Timestamp,
            Err(before) => -(before.duration().as_millis() as Timestamp),
        }
    }

    #[cfg(target_arch = "wasm32")]
    fn now(&self) -> Timestamp {
        js_sys::Date::now() as Timestamp
    }

    /// From the process's hash keys, which the system seeds; natively and in a browser.
    #[cfg(not(target_arch = "wasm32"))]
    fn entropy(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(self.now())
    }

    #[cfg(target_arch = "wasm32")]
    fn entropy(&self) -> u64 {
        let half = || (js_sys::Math::random() * 4_294_967_296.0) as u64;
        half() << 32 | half()
    }
}

/// A clock that stands until it is moved, with chance that follows from a seed.
#[derive(Debug)]
pub struct VirtualClock {
    state: Mutex<(Timestamp, u64)>,
}

impl VirtualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp, seed: u64) -> Self {
        Self { state: Mutex::new((now, seed)) }
    }

    /// Moves it to `now`, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_add(by);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// SplitMix64, as published by Steele, Lea and Flood.
    fn entropy(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = state.1.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state.1;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_clock_moves_when_told_and_repeats_itself() {
        let run = || {
            let clock = VirtualClock::new(1000, 42);
            clock.advance(500);
            (clock.now(), clock.new_block_id(), clock.new_block_id())
        };
        let (now, first, second) = run();
        assert_eq!((now, first.created_at()), (1500, 1500));
        assert!(first != second);
        assert_eq!(run(), (now, first, second));
    }

    #[test]
    fn the_machine_knows_the_time() {
        let id = SystemClock.new_block_id();
        assert!(id.created_at() > 1_700_000_000_000);
        assert!(SystemClock.new_block_id() != id);
    }
}
