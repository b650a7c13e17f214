//! Closing a directory, in numbered steps.
//!
//! 1. **Give up** what upkeep was doing: a block that is not finished goes.
//! 2. **Head**: complete chunks go to files, the file and the logs are finished, durable, closed.
//! 3. **Snapshot** of the head's memory, if it is wanted, so that the next start is faster.
//! 4. **Give back** the lock.
//!
//! No block is cut: the head lives on in its logs and files. Without closing, the next start finds
//! what a crash leaves, and nothing that was acknowledged is missing.

use std::sync::Arc;

use super::state::LiveDb;
use crate::error::Result;
use crate::event::Event;
use crate::head::WriteSnapshot;

impl LiveDb {
    /// Closes the directory; gives what happened since events were last taken.
    ///
    /// # Errors
    /// The storage is full or fails. The lock is given back all the same, and the directory opens
    /// as after a crash.
    pub fn close(mut self) -> Result<Vec<Event>> {
        let written = self.finish_writing();
        self.step(4, "give back the lock");
        let events = self.take_events();
        let released = self.lock.release();
        written?;
        released?;
        Ok(events)
    }

    fn finish_writing(&mut self) -> Result<()> {
        self.step(1, "give up unfinished work");
        self.abandon_work();
        let Some(logs) = self.logs.take() else { return Ok(()) };
        self.step(2, "finish head chunks and logs");
        let storage = Arc::clone(self.view.storage());
        let Some(head) = self.view.head_mut() else { return Ok(()) };
        let end = head.close(logs)?;
        if !self.options.snapshot_on_close {
            return Ok(());
        }
        self.step(3, "write a snapshot of the head");
        let Some(head) = self.view.head_mut() else { return Ok(()) };
        let snapshot = WriteSnapshot::begin(&storage, head, end, self.options.log);
        let written = snapshot.and_then(|snapshot| match snapshot {
            Some(mut snapshot) => loop {
                if snapshot.step(head)? {
                    break Ok(());
                }
            },
            None => Ok(()),
        });
        if let Err(error) = written {
            // The next start replays the log instead: slower, and nothing is missing.
            self.tell(|| Event::Note { what: format!("no snapshot: {error}") });
        }
        Ok(())
    }

    fn step(&mut self, number: u8, what: &str) {
        self.tell(|| Event::Step { number, what: what.to_owned() });
    }
}
