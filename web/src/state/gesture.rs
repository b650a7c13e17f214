//! Gestures: many small changes of the visible time that end in one.

use std::cell::RefCell;
use std::time::Duration;

use chunkscope::types::TimeRange;
use leptos::prelude::{GetUntracked, TimeoutHandle, set_timeout_with_handle};

use super::app::App;
use super::command::Command;

/// A gesture is over when nothing happened for so long.
const PAUSE: Duration = Duration::from_millis(250);

thread_local! {
    static END: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
}

/// Shows `range` at once. When no other follows soon, that is what is looked at: the address bar
/// and the shown query follow, and it can be taken back in one step.
pub fn glide(app: App, range: TimeRange) {
    app.send(Command::GlideTo(range));
    let end = move || app.send(Command::LookAt(app.timeline.get_untracked().visible()));
    let next = set_timeout_with_handle(end, PAUSE).ok();
    if let Some(before) = END.replace(next) {
        before.clear();
    }
}
