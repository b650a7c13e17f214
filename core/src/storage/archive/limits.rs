//! How much an archive may ask for.

use crate::error::{Error, Result};

/// Bounds on what opening an archive may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that may be inflated in all.
    pub inflated_bytes: u64,
    /// How many times larger than the archive the inflated bytes may be, once they are more than
    /// [`Limits::RATIO_FREE_BYTES`].
    pub ratio: u64,
    /// Files and directories.
    pub names: usize,
}

impl Limits {
    /// Inflated bytes below which the ratio is not looked at: a server that was killed leaves
    /// head chunk files of 128 MiB that are nearly all zeros, so good archives can be dense.
    pub const RATIO_FREE_BYTES: u64 = 1 << 30;

    /// Refuses `inflated` bytes out of an archive of `packed` bytes when they are too many.
    pub(super) fn check(&self, inflated: u64, packed: u64) -> Result<()> {
        if inflated > self.inflated_bytes {
            return Err(Error::refused(format!(
                "the archive inflates to more than {} bytes, the limit; \
                 unpack it and open the directory",
                self.inflated_bytes
            )));
        }
        if inflated > Self::RATIO_FREE_BYTES && inflated / self.ratio.max(1) > packed {
            return Err(Error::refused(format!(
                "the archive of {packed} bytes inflates to more than {} times its size: \
                 it looks like a decompression bomb",
                self.ratio
            )));
        }
        Ok(())
    }
}

impl Default for Limits {
    /// 8 GiB, 200 times the archive's size, 100 000 names.
    fn default() -> Self {
        Self { inflated_bytes: 8 << 30, ratio: 200, names: 100_000 }
    }
}
