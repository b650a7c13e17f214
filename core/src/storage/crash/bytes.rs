//! The bytes of one file of a simulated disk: those there are, and those that would survive.

use std::sync::Arc;

use super::power::{Chance, UnsyncedBytes};

/// A file. It only grows, so what is durable is its beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    /// Shared with those who have it open; they see it as it was then.
    pub(super) bytes: Arc<Vec<u8>>,
    durable: usize,
    /// A sync failed: nothing more becomes durable.
    is_forgotten: bool,
}

impl File {
    pub(super) fn append(&mut self, bytes: &[u8]) {
        Arc::make_mut(&mut self.bytes).extend_from_slice(bytes);
    }

    pub(super) fn sync(&mut self) {
        if !self.is_forgotten {
            self.durable = self.bytes.len();
        }
    }

    pub(super) fn fail_sync(&mut self) {
        self.is_forgotten |= self.durable < self.bytes.len();
    }

    /// The file as it is found after a power loss.
    pub(super) fn after_power_loss(&self, what: UnsyncedBytes, chance: &mut Chance) -> Self {
        let unsynced = self.bytes.len() - self.durable;
        let kept = match what {
            UnsyncedBytes::Vanish => 0,
            UnsyncedBytes::Survive => unsynced,
            UnsyncedBytes::RandomPrefix | UnsyncedBytes::ZeroFilled => chance.up_to(unsynced),
        };
        let mut bytes = self.bytes[..self.durable + kept].to_vec();
        if what == UnsyncedBytes::ZeroFilled {
            bytes.resize(bytes.len() + chance.up_to(unsynced - kept), 0);
        }
        Self { durable: bytes.len(), bytes: Arc::new(bytes), is_forgotten: false }
    }
}
