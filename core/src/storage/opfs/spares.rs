//! Files opened ahead, beside the store: creating a file takes one, without waiting.

use std::collections::VecDeque;

use web_sys::FileSystemDirectoryHandle;

use crate::error::Result;
use crate::storage::picked::names;

use super::access::Access;
use super::root::{new_file, remove};

/// Empty files, open, each with its number, which is its name.
#[derive(Debug)]
pub(super) struct Spares {
    ready: VecDeque<(u64, Access)>,
    next: u64,
}

impl Spares {
    /// None yet. Files that an earlier mount left in `aside` are removed, where they can be.
    pub(super) async fn new(aside: &FileSystemDirectoryHandle) -> Result<Self> {
        let mut next = 0;
        for name in names("", aside).await? {
            let Ok(number) = name.parse::<u64>() else { continue };
            next = next.max(number + 1);
            // One that a dying tab still has open stays, and goes another time.
            let _ = remove(aside, &name).await;
        }
        Ok(Self { ready: VecDeque::new(), next })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ready.len()
    }

    /// Takes one.
    pub(super) fn take(&mut self) -> Option<(u64, Access)> {
        self.ready.pop_front()
    }

    /// Gives one back that was not used.
    pub(super) fn give_back(&mut self, number: u64, access: Access) {
        self.ready.push_front((number, access));
    }

    /// Adds one.
    pub(super) fn add(&mut self, number: u64, access: Access) {
        self.ready.push_back((number, access));
    }

    /// A number that no file beside the store has.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

/// Makes the empty file `number` in `aside` and opens it.
pub(super) async fn open_spare(aside: &FileSystemDirectoryHandle, number: u64) -> Result<Access> {
    let name = number.to_string();
    Access::open(&new_file(aside, &name).await?, &name).await
}
