//! Everything one can do on the page. Buttons, keys, the palette, the address bar and tests send
//! the same commands; `apply` does them.

use chunkscope::types::TimeRange;

use super::effect::OpenWith;
use super::query_form::ResultTab;
use super::route::Route;
use super::settings::{Overlay, Theme, Zone};
use crate::protocol::Address;

/// Something to look up for completion or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The directory again, with what is in its logs.
    Overview,
    /// Metrics whose name contains this.
    Metrics(String),
    /// Label names of the series of a selector.
    LabelNames(String),
    /// Values of a label over the series of a selector that contain a text.
    LabelValues {
        /// The label.
        name: String,
        /// The selector; empty for all series.
        selector: String,
        /// The text; empty for all values.
        search: String,
    },
    /// The series of a selector.
    Series(String),
}

/// A wish.
#[derive(Debug, Clone)]
pub enum Command {
    /// Open a directory.
    Open(OpenWith),
    /// Stop opening; what was open before stays.
    CancelOpening,
    /// Close the directory: back to the first screen.
    Close,
    /// Start the worker anew after it broke.
    Restart,
    /// Show a view, by name.
    Show(&'static str),
    /// Select an address.
    Select(Address),
    /// The pointer is over an address, or over none.
    Hover(Option<Address>),
    /// Select what holds the selection.
    GoUp,
    /// Look at a range of time; can be taken back.
    LookAt(TimeRange),
    /// Look at a range while a gesture goes on; end it with [`Command::LookAt`].
    GlideTo(TimeRange),
    /// Zoom around a time: below 1 closer.
    Zoom {
        /// New length by old length.
        factor: f64,
        /// The time that stays where it is; `None` = the middle.
        around: Option<i64>,
    },
    /// Move by a part of the visible length; negative = earlier.
    Pan(f64),
    /// The range before.
    BackInTime,
    /// All of the directory.
    ShowAll,
    /// Change the expression, without running it.
    SetExpr(String),
    /// Change the step; `None` = chosen by the range.
    SetStep(Option<i64>),
    /// Change the lookback.
    SetLookback(i64),
    /// Graph or table.
    SetTab(ResultTab),
    /// Run the query of the form over the visible range.
    RunQuery,
    /// Stop it.
    CancelQuery,
    /// Plot this: set the expression, show the query's view, run it.
    Plot(String),
    /// Look something up.
    LookUp(Lookup),
    /// Light, dark, or as the system has it.
    SetTheme(Theme),
    /// UTC or local time.
    SetZone(Zone),
    /// Show or leave the help, the palette.
    SetOverlay(Overlay),
    /// Follow an address: from the address bar, the back button, or a link.
    Follow(Route),
    /// Put text on the clipboard.
    Copy(String),
    /// Take a directory off the list of recent ones.
    ForgetRecent(u64),
}
