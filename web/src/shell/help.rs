//! The help sheet: keys, and how to read the pictures.

use leptos::html::Div;
use leptos::prelude::*;

use crate::state::{App, Command, Overlay};

const KEYS: &[(&str, &[(&str, &str)])] = &[
    (
        "Everywhere",
        &[
            ("?", "this sheet"),
            ("Ctrl K or /", "search and commands"),
            ("g o", "Overview"),
            ("g e", "Explore"),
            ("g f", "Findings"),
            ("Esc", "up: from a selection to what holds it"),
        ],
    ),
    (
        "Time",
        &[
            ("W S or + −", "zoom in, out"),
            ("A D", "earlier, later"),
            ("0", "everything"),
            ("Backspace", "the range before"),
            ("wheel", "zoom at the pointer"),
            ("Shift wheel", "earlier, later"),
        ],
    ),
    (
        "Overview",
        &[
            ("← → ↑ ↓", "from mark to mark"),
            ("Enter", "inside: Explore with its time"),
            ("click", "select"),
            ("double click", "inside"),
        ],
    ),
    (
        "Chart",
        &[
            ("drag", "zoom: the query runs again, finer"),
            ("double click", "the range before"),
            ("click a name", "that line alone"),
            ("Ctrl click", "hide that line"),
        ],
    ),
];

/// The sheet.
#[component]
pub(super) fn HelpSheet() -> impl IntoView {
    let app = expect_context::<App>();
    let node = NodeRef::<Div>::new();
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            let _ = node.focus();
        }
    });
    let groups = KEYS.iter().map(|(title, keys)| {
        let rows = keys.iter().map(|(key, does)| {
            view! { <div><dt><kbd>{*key}</kbd></dt><dd>{*does}</dd></div> }
        });
        view! {
            <section>
                <h3>{*title}</h3>
                <dl>{rows.collect_view()}</dl>
            </section>
        }
    });
    let leave = move || app.send(Command::SetOverlay(Overlay::None));
    view! {
        <div class="veil" on:click=move |_| leave()></div>
        <div
            node_ref=node
            class="sheet"
            role="dialog"
            aria-modal="true"
            aria-label="Help"
            tabindex="-1"
        >
            <button class="round close" aria-label="Close" on:click=move |_| leave()>"×"</button>
            <h2>"Keys"</h2>
            <div class="key-groups">{groups.collect_view()}</div>
            <h2>"How to read it"</h2>
            <p>
                "A sample is first written to the WAL, then kept in the head. Full chunks of the \
                 head are m-mapped from disk. Every two hours the head’s oldest part becomes a \
                 block of level 1, and blocks are merged into longer ones of higher levels. In the \
                 overview this goes from the bottom to the top, and time from left to right."
            </p>
            <p>
                "Select anything to see what is known of it. Everything underlined leads somewhere."
            </p>
        </div>
    }
}
