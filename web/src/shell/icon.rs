//! Icons: drawn with lines, in the colour of the words beside them.

use leptos::prelude::*;

/// A drawing of one line in a box of 16 by 16.
#[component]
pub(super) fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" class="icon">
            <path d=path></path>
        </svg>
    }
}
