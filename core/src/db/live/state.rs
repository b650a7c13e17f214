//! An open directory that is ours to write.

use std::fmt;
use std::sync::Arc;

use super::super::state::Db;
use super::options::WriteOptions;
use super::round::Round;
use crate::clock::Clock;
use crate::error::Result;
use crate::event::{Event, Story};
use crate::storage::{Storage, StorageLock};

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
    }

    /// What happened since the last time, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.story.take()
    }

    /// Closes the directory and gives the lock back.
    ///
    /// # Errors
    /// The storage fails. The directory then looks as after a crash, and opens like that.
    pub fn close(mut self) -> Result<Vec<Event>> {
        self.abandon_work();
        self.story.tell(|| Event::Step { number: 1, what: "give back the lock".to_owned() });
        self.lock.release()?;
        Ok(self.story.take())
    }
}

impl fmt::Debug for LiveDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveDb").field("view", &self.view).finish_non_exhaustive()
    }
}
