//! An open directory that is ours to write.

use std::fmt;
use std::sync::Arc;

use super::super::state::Db;
use super::options::WriteOptions;
use super::round::Round;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::event::{Event, Story};
use crate::head::{Head, Logs};
use crate::storage::{Storage, StorageLock};
use crate::types::BlockId;

/// A data directory that we own and write. [`LiveDb::view`] is for all reading.
///
/// Nothing happens by itself: the caller appends, and calls [`LiveDb::upkeep`] when it has time.
pub struct LiveDb {
    pub(super) view: Db,
    pub(super) options: WriteOptions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lock: Box<dyn StorageLock>,
    pub(super) story: Story,
    pub(super) round: Round,
    /// None when only the blocks were opened.
    pub(super) logs: Option<Logs>,
}

/// What is written to besides blocks.
pub(super) struct Writing<'d> {
    pub(super) head: &'d mut Head,
    pub(super) logs: &'d mut Logs,
    pub(super) story: &'d mut Story,
}

impl LiveDb {
    /// The directory as all functions that read take it. It shows what is committed, and always
    /// fits: a block that was cut is in it as soon as the head has let go of its samples.
    #[must_use]
    pub fn view(&self) -> &Db {
        &self.view
    }

    /// How it is written.
    #[must_use]
    pub fn options(&self) -> &WriteOptions {
        &self.options
    }

    /// Where it lives.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        self.view.storage()
    }

    /// Whether to collect events from now on.
    pub fn tell_story(&mut self, on: bool) {
        self.story.set(on);
        if let Some(head) = self.view.head_mut() {
            head.story().set(on);
        }
    }

    /// What happened since the last time, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.listen();
        self.story.take()
    }

    /// Takes over what the head told. Called before anything is told here, for the order.
    pub(super) fn listen(&mut self) {
        if let Some(head) = self.view.head_mut() {
            self.story.append(head.story());
        }
    }

    /// Tells an event, behind all that the head told.
    pub(super) fn tell(&mut self, event: impl FnOnce() -> Event) {
        if self.story.is_on() {
            self.listen();
            self.story.tell(event);
        }
    }

    /// A name for a new block that no directory has: publishing a block replaces what has its
    /// name, and a clock that starts anew from the same seed gives the same names.
    pub(super) fn new_block_id(&self) -> BlockId {
        loop {
            let id = self.clock.new_block_id();
            if self.view.storage().list(&id.to_string()).is_err() {
                return id;
            }
        }
    }

    /// The head and its logs.
    ///
    /// # Errors
    /// Only the blocks were opened.
    pub(super) fn writing(&mut self) -> Result<Writing<'_>> {
        match (self.view.head_mut(), &mut self.logs) {
            (Some(head), Some(logs)) => Ok(Writing { head, logs, story: &mut self.story }),
            _ => Err(Error::refused("only the blocks of the directory were opened")),
        }
    }
}

impl fmt::Debug for LiveDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveDb").field("view", &self.view).finish_non_exhaustive()
    }
}
