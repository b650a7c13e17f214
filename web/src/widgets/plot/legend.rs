//! The names of the lines. A click shows one line alone, with Ctrl or ⌘ it hides one.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;

use super::model::{Plot, series_token};

/// Lines named at most; the chart shows the others all the same.
const NAMED: usize = 500;

/// The legend of a chart.
#[component]
pub fn Legend(
    /// The chart.
    plot: Signal<Arc<Plot>>,
    /// Lines that are not shown.
    hidden: RwSignal<BTreeSet<usize>>,
    /// The line that stands out.
    strong: RwSignal<Option<usize>>,
) -> impl IntoView {
    let toggle = move |index: usize, one_only: bool| {
        let count = plot.read_untracked().curves.len();
        hidden.update(|hidden| {
            if one_only {
                if !hidden.remove(&index) {
                    hidden.insert(index);
                }
                return;
            }
            let alone = hidden.len() + 1 == count && !hidden.contains(&index);
            hidden.clear();
            if !alone {
                hidden.extend((0..count).filter(|other| *other != index));
            }
        });
    };
    let rows = move || {
        let plot = plot.get();
        let rows = plot.curves.iter().take(NAMED).enumerate();
        rows.map(|(index, curve)| {
            let (label, dashed) = (curve.label.clone(), index >= 10);
            let colour = format!("var({})", series_token(index));
            view! {
                <li>
                    <button
                        class="legend-row"
                        aria-pressed=move || (!hidden.read().contains(&index)).to_string()
                        on:click=move |event| toggle(index, event.ctrl_key() || event.meta_key())
                        on:pointerenter=move |_| strong.set(Some(index))
                        on:pointerleave=move |_| strong.set(None)
                        on:focus=move |_| strong.set(Some(index))
                        on:blur=move |_| strong.set(None)
                    >
                        <span
                            class="swatch"
                            class:dashed=dashed
                            style:border-color=colour
                        ></span>
                        <span class="mono">{label}</span>
                    </button>
                </li>
            }
        })
        .collect_view()
    };
    let more = move || {
        let count = plot.read().curves.len();
        let words = (count > NAMED).then(|| format!("and {} more", count - NAMED));
        words.map(|words| view! { <p class="quiet">{words}</p> })
    };
    view! {
        <ul class="legend" aria-label="Series of the chart">{rows}</ul>
        {more}
    }
}
