//! Tasks under way, and a task's view of itself: is it cancelled, when to pause, what to tell.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use chunkscope::event::Progress as Done;
use chunkscope::types::TimeRange;

use super::pace::Pace;
use crate::platform::pause::{now_ms, yield_now};
use crate::protocol::{Failure, Notice, Progress};

/// The tasks under way, by the number of their request.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    cancelled: Rc<RefCell<HashMap<u64, Rc<Cell<bool>>>>>,
}

impl Tasks {
    /// A task begins; `tell` gets its notices.
    pub fn begin(&self, request: u64, tell: impl Fn(Notice) + 'static) -> Task {
        let cancelled = Rc::new(Cell::new(false));
        self.cancelled.borrow_mut().insert(request, cancelled.clone());
        let pace = RefCell::new(Pace::new(now_ms()));
        Task { request, cancelled, pace, tell: Box::new(tell) }
    }

    /// A task is over.
    pub fn end(&self, request: u64) {
        self.cancelled.borrow_mut().remove(&request);
    }

    /// A task is to stop at its next pause.
    pub fn cancel(&self, request: u64) {
        if let Some(cancelled) = self.cancelled.borrow().get(&request) {
            cancelled.set(true);
        }
    }

    /// All are to stop: the directory they read is closed.
    pub fn cancel_all_but(&self, request: u64) {
        for (own, cancelled) in self.cancelled.borrow().iter() {
            cancelled.set(*own != request || cancelled.get());
        }
    }
}

/// One request being worked on.
pub struct Task {
    request: u64,
    cancelled: Rc<Cell<bool>>,
    pace: RefCell<Pace>,
    tell: Box<dyn Fn(Notice)>,
}

impl Task {
    /// The number of its request.
    #[must_use]
    pub fn request(&self) -> u64 {
        self.request
    }

    /// True when it is to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    /// Milliseconds since it began.
    #[must_use]
    pub fn elapsed(&self) -> f64 {
        self.pace.borrow().elapsed(now_ms())
    }

    /// Tells how far the work is, when it is time to.
    pub fn progress(&self, done: &Done, time: Option<TimeRange>) {
        let notice = self.pace.borrow_mut().notice(now_ms(), done, time);
        if let Some(progress) = notice {
            self.tell(progress);
        }
    }

    fn tell(&self, progress: Progress) {
        (self.tell)(Notice::Progress { request: self.request, progress });
    }

    /// Lets messages in, when it is time to.
    ///
    /// # Errors
    /// The task was cancelled meanwhile.
    pub async fn pause(&self) -> Result<(), Failure> {
        if self.pace.borrow().wants_pause(now_ms()) {
            yield_now().await;
            self.pace.borrow_mut().resumed(now_ms());
        }
        if self.is_cancelled() { Err(Failure::cancelled()) } else { Ok(()) }
    }
}
