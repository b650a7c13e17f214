//! Bytes by part: one bar, and its parts in words.

use leptos::prelude::*;

use crate::format::bytes;

/// A part of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BytePart {
    /// What it is.
    pub name: String,
    /// How many bytes.
    pub bytes: u64,
    /// Token of its colour.
    pub token: &'static str,
}

/// A bar of parts with a legend; parts without bytes are left out.
#[component]
pub fn ByteBar(
    /// The parts, in order.
    parts: Vec<BytePart>,
) -> impl IntoView {
    let parts: Vec<BytePart> = parts.into_iter().filter(|part| part.bytes > 0).collect();
    let total: u64 = parts.iter().map(|part| part.bytes).sum();
    let share = move |part: &BytePart| part.bytes as f64 * 100.0 / total.max(1) as f64;
    let bars = parts.iter().map(|part| {
        view! {
            <span
                style:flex-grow=part.bytes.to_string()
                style:background-color=format!("var({})", part.token)
            ></span>
        }
    });
    let bars = bars.collect_view();
    let rows = parts.iter().map(|part| {
        let colour = format!("var({})", part.token);
        view! {
            <li>
                <span class="swatch-fill" style:background-color=colour></span>
                <span class="grow">{part.name.clone()}</span>
                <span class="mono">{bytes(part.bytes)}</span>
                <span class="mono quiet share">{format!("{:.0}\u{a0}%", share(part))}</span>
            </li>
        }
    });
    view! {
        <div class="byte-bar">
            <div class="byte-bar-bar" aria-hidden="true">{bars}</div>
            <ul>{rows.collect_view()}</ul>
        </div>
    }
}
