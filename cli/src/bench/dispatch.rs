//! From what is asked to who measures it.

use super::arguments::{Bench, What};
use super::{compact, replay, write};
use crate::CommandResult;

/// Measures.
pub(crate) fn run(arguments: &Bench) -> CommandResult {
    match &arguments.what {
        What::Write(arguments) => write::run(arguments),
        What::Replay(arguments) => replay::run(arguments),
        What::Compact(arguments) => compact::run(arguments),
    }
}
