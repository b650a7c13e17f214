//! What commands want done outside the state; `perform` does it.

use super::settings::Settings;
use crate::client::{Picked, Topic};
use crate::protocol::Request;

/// Something to be done outside.
#[derive(Debug)]
pub enum Effect {
    /// Open a directory.
    Open(OpenWith),
    /// Ask the worker; an earlier question on the same topic is dropped.
    Ask(Request),
    /// Stop what is being asked on a topic.
    Cancel(Topic),
    /// Throw the worker away and start another.
    Restart,
    /// Bring the address bar up to date; `true` = a step that the browser's back button undoes.
    WriteRoute(bool),
    /// Keep the settings.
    SaveSettings(Settings),
    /// Forget a recent directory.
    ForgetRecent(u64),
    /// Put text on the clipboard.
    Copy(String),
}

/// How a person opens a directory.
#[derive(Debug, Clone)]
pub enum OpenWith {
    /// A sample, by name.
    Sample(String),
    /// Ask for a directory: the browser's own dialog.
    PickDirectory,
    /// What was dropped or chosen in an input.
    Picked(Picked),
    /// One from the list of recent directories.
    Recent(u64),
    /// A directory in this origin's private file system, for tests.
    Private(String),
}
