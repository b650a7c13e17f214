//! Views: one folder each, and one line in [`ALL`]. Views never import each other.
//!
//! A view has the same anatomy everywhere: a sentence that says what one is looking at, the
//! picture, and its twin in words. `mod` is the component, `model` what it shows, pure.

pub mod details;
pub mod explore;
pub mod findings;
pub mod overview;

use leptos::prelude::*;

/// A view, as the navigation knows it.
#[derive(Clone, Copy)]
pub struct View {
    /// Its name in the address bar.
    pub name: &'static str,
    /// What the navigation calls it.
    pub title: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Its icon: a path in a box of 16 by 16.
    pub icon: &'static str,
    /// The key that leads there, after `g`.
    pub key: &'static str,
    /// True when the time ruler belongs to it.
    pub has_time: bool,
    /// Makes it.
    pub make: fn() -> AnyView,
}

/// All views, in the order of the navigation.
pub const ALL: &[View] = &[overview::VIEW, explore::VIEW, findings::VIEW];

/// The view of a name; the first when there is none of that name.
#[must_use]
pub fn find(name: &str) -> &'static View {
    ALL.iter().find(|view| view.name == name).unwrap_or(&ALL[0])
}
