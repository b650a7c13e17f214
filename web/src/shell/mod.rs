//! The frame around the views: top bar, navigation, time ruler, details, status, and what lies over
//! them. Before a directory is open, the first screen.

mod details_pane;
mod failure;
mod frame;
mod help;
mod icon;
mod keys;
mod open_screen;
mod opening;
mod palette;
mod status;
mod top_bar;

pub use frame::Shell;
