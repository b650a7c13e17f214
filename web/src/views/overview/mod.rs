//! The whole directory on one time axis: blocks by level, the head, the logs, gaps and overlaps.

mod inside;
mod model;
mod page;
mod rows;
mod sentence;
mod twin;

use leptos::prelude::*;

use super::View;

pub use page::ruler_covers;

/// The view, as the navigation knows it.
pub const VIEW: View = View {
    name: "overview",
    title: "Overview",
    about: "Blocks, head and logs on one time axis",
    icon: "M2 3h8v3H2ZM6 8h8v2H6ZM9 12h5v2H9Z",
    key: "o",
    has_time: true,
    make: || view! { <page::OverviewPage/> }.into_any(),
};
