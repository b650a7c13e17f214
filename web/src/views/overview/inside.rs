//! Going inside what stands on the time axis.

use chunkscope::types::TimeRange;

use crate::protocol::Address;
use crate::state::{App, Command, EXPLORE};

/// Goes inside: Explore, with the time of what was entered.
pub(super) fn go_inside(app: App, address: Address, time: TimeRange) {
    app.send(Command::Select(address));
    app.send(Command::LookAt(time));
    app.send(Command::Show(EXPLORE));
}
