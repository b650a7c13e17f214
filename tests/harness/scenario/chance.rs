//! Where the choices of a life come from: a seed, or bytes that a fuzzer made up.

/// Choices to come.
pub(super) enum Chance<'a> {
    /// The same for the same seed: xorshift64*.
    Seed(u64),
    /// One byte for each choice, so that a changed byte changes one choice; zeros behind the end.
    Bytes(&'a [u8]),
}

impl Chance<'_> {
    pub(super) fn of_seed(seed: u64) -> Self {
        let mut chance = Self::Seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| _ = chance.bits());
        chance
    }

    /// True when all bytes are used up; a seed never is.
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Bytes([]))
    }

    fn byte(&mut self) -> u8 {
        let Self::Bytes(bytes) = self else { return 0 };
        let Some((first, rest)) = bytes.split_first() else { return 0 };
        *bytes = rest;
        *first
    }

    /// Many bits.
    pub(super) fn bits(&mut self) -> u64 {
        if let Self::Seed(state) = self {
            *state ^= *state >> 12;
            *state ^= *state << 25;
            *state ^= *state >> 27;
            return state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        }
        (0..8).fold(0, |bits, _| bits << 8 | u64::from(self.byte()))
    }

    /// From 0 to below `end`.
    pub(super) fn below(&mut self, end: i64) -> i64 {
        match self {
            Self::Seed(_) => (self.bits() % end.max(1) as u64) as i64,
            Self::Bytes(_) => end.max(1) * i64::from(self.byte()) / 256,
        }
    }

    /// True once in `times`.
    pub(super) fn once_in(&mut self, times: u64) -> bool {
        match self {
            Self::Seed(_) => self.bits().is_multiple_of(times),
            Self::Bytes(_) => u64::from(self.byte()) % times == times - 1,
        }
    }
}
