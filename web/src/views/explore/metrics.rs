//! Before anything is asked: the metrics there are, to begin with one.

use leptos::prelude::*;

use crate::format::grouped;
use crate::state::{App, Command, Lookup};
use crate::widgets::{Column, Table};

/// All metrics with their number of series; a click draws one.
#[component]
pub(super) fn Metrics() -> impl IntoView {
    let app = expect_context::<App>();
    let untouched = Memo::new(move |_| app.query.read().expr.is_empty());
    Effect::new(move |_| {
        if untouched.get() && app.directory.read().value().is_some() {
            app.send(Command::LookUp(Lookup::Metrics(String::new())));
        }
    });
    let found = Memo::new(move |_| app.metrics.read().value().cloned());
    let more = move || {
        let found = found.get()?;
        let (shown, all) = (found.0.len(), found.1);
        let words = (shown < all).then(|| {
            format!("The first {}; type a part of a name to find others.", grouped(shown as u64))
        });
        words.map(|words| view! { <p class="quiet table-note">{words}</p> })
    };
    let plot = move |index: usize| {
        let name =
            found.read_untracked().as_ref().and_then(|it| Some(it.0.get(index)?.name.clone()));
        if let Some(name) = name {
            app.send(Command::Plot(name));
        }
    };
    let cells = Callback::new(move |index: usize| {
        let found = found.get();
        let row = found.as_ref().and_then(|found| found.0.get(index).cloned());
        let Some(row) = row else { return Vec::new() };
        let name = row.name.clone();
        let button = view! {
            <button class="link" on:click=move |_| app.send(Command::Plot(name.clone()))>
                {row.name}
            </button>
        };
        vec![button.into_any(), row.series.map(grouped).unwrap_or_default().into_any()]
    });
    view! {
        <Show when=move || untouched.get()>
            <section class="metrics">
                {more}
                <Table
                    label="Metrics"
                    columns=vec![Column::words("Metric", ""), Column::figures("Series", "96px")]
                    count=Signal::derive(move || found.read().as_ref().map_or(0, |it| it.0.len()))
                    cells=cells
                    on_enter=Callback::new(plot)
                />
            </section>
        </Show>
    }
}
