//! A few lines beside the pointer. The first one is the name of the thing.

use leptos::prelude::*;

/// What a tooltip says and where, in pixels of the box it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Tip {
    /// Pixels from the left.
    pub x: f64,
    /// Pixels from the top.
    pub y: f64,
    /// Its lines.
    pub lines: Vec<String>,
}

/// Shows `tip` beside the pointer; it turns to the other side near the right edge.
#[component]
pub fn Tooltip(
    /// What it says, if anything.
    #[prop(into)]
    tip: Signal<Option<Tip>>,
) -> impl IntoView {
    let node = NodeRef::<leptos::html::Div>::new();
    let turned = move || {
        let room = node.get().and_then(|node| node.offset_parent()).map(|p| p.client_width());
        tip.get().is_some_and(|tip| tip.x > f64::from(room.unwrap_or(0)) * 0.6)
    };
    let place = move |axis: fn(&Tip) -> f64| {
        tip.get().map_or_else(String::new, |tip| format!("{}px", axis(&tip).round()))
    };
    view! {
        <div
            node_ref=node
            class="tooltip"
            class:turned=turned
            class:shown=move || tip.get().is_some()
            style:left=move || place(|tip| tip.x)
            style:top=move || place(|tip| tip.y)
            aria-hidden="true"
        >
            {move || {
                let lines = tip.get().map(|tip| tip.lines).unwrap_or_default();
                lines.into_iter().map(|line| view! { <div>{line}</div> }).collect_view()
            }}
        </div>
    }
}
