//! The explorer: a page that shows what is inside a Prometheus data directory, and the worker that
//! reads it. Nothing leaves the tab.
//!
//! ```text
//! protocol   the words page and worker share; plain data
//! platform   all JavaScript: worker port, files, frames, settings, address bar
//! worker     owns the open directory, answers requests
//! client     the page's side of the port: send, await, drop stale answers
//! state      what the page remembers; commands change it
//! format     figures, sizes and times as people read them
//! widgets    parts that are given values and tell what was done: lanes, plot, ruler, table
//! views      overview, explore, findings, details; one folder each
//! shell      the frame around them, the first screen, keys, palette
//! ```

// The component macro makes public functions inside modules that are not.
#![allow(unreachable_pub)]

pub mod protocol;

pub mod platform;

pub mod worker;

pub mod client;

pub mod state;

pub mod format;

pub mod widgets;

pub mod views;

pub mod shell;
