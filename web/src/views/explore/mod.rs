//! Explore: pick series by their labels, see their values over time, and what reading them cost.

mod account;
mod builder;
mod form;
mod metrics;
mod model;
mod page;
mod result;
mod selector;
mod sentence;
mod series;

use leptos::prelude::*;

use super::View;

/// The view, as the navigation knows it.
pub const VIEW: View = View {
    name: "explore",
    title: "Explore",
    about: "Find series, draw them, see what was read",
    icon: "M1.5 13.5h13M2 11l3.5-5 3 3.5L14 3",
    key: "e",
    has_time: true,
    make: || view! { <page::ExplorePage/> }.into_any(),
};
