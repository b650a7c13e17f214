//! The panel beside every view: what is known of the selection, and where it leads.

mod model;
mod panel;

pub use panel::Details;
