//! What a power loss spares of what was not durable.

/// A power loss: what becomes of what was not synced. The same one does the same to the same disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLoss {
    /// For what is left to chance.
    pub seed: u64,
    /// Bytes that were appended and not synced.
    pub bytes: UnsyncedBytes,
    /// Names that were changed in directories that were not synced.
    pub names: UnsyncedNames,
}

/// What becomes of appended bytes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnsyncedBytes {
    /// None survive.
    Vanish,
    /// Of each file, the first of them survive: a random number.
    RandomPrefix,
    /// The same, and a random number of zeros follow: the file had grown, and its pages were not
    /// written yet.
    ZeroFilled,
    /// All survive.
    Survive,
}

/// What becomes of changes of names in directories that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnsyncedNames {
    /// None survive.
    Vanish,
    /// In each directory the first of them survive: a random number. File systems with a journal
    /// keep at least this order.
    RandomPrefix,
    /// Any of them survive, in no order: all that POSIX promises.
    RandomSubset,
    /// All survive.
    Survive,
}

impl PowerLoss {
    /// Nothing survives that was not synced.
    pub const WORST: Self =
        Self { seed: 0, bytes: UnsyncedBytes::Vanish, names: UnsyncedNames::Vanish };

    /// Every way bytes and names can be lost, each with `seed`.
    pub fn all(seed: u64) -> impl Iterator<Item = Self> {
        use UnsyncedBytes as Bytes;
        use UnsyncedNames as Names;
        let bytes = [Bytes::Vanish, Bytes::RandomPrefix, Bytes::ZeroFilled, Bytes::Survive];
        let names = [Names::Vanish, Names::RandomPrefix, Names::RandomSubset, Names::Survive];
        let ways = bytes.into_iter().flat_map(move |bytes| names.map(|names| (bytes, names)));
        ways.map(move |(bytes, names)| Self { seed, bytes, names })
    }
}

/// Numbers that a seed decides (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `most`, both included.
    pub(super) fn up_to(&mut self, most: usize) -> usize {
        (self.next() % (most as u64 + 1)) as usize
    }
}
