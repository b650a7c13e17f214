//! What one is looking at, in a sentence: the metrics there are, or what the query read.

use leptos::prelude::*;

use super::model::cost_sentence;
use crate::format::plural;
use crate::protocol::QueryStats;
use crate::state::{App, Command, ResultTab, SAMPLES};

/// Number of series in the shown result, and what it cost.
pub(super) fn shown_cost(app: App) -> Option<(usize, QueryStats)> {
    match app.query.read().tab {
        ResultTab::Graph => {
            app.answer.read().value().map(|answer| (answer.series.len(), answer.stats.clone()))
        }
        ResultTab::Table => app.instant.read().value().map(|rows| (rows.0.len(), rows.1.clone())),
    }
}

/// The sentence above the form.
#[component]
pub(super) fn Sentence() -> impl IntoView {
    let app = expect_context::<App>();
    let words = move || {
        if app.query.read().expr.is_empty() {
            let count = app.metrics.read().value().map(|found| found.1 as u64);
            let count = count.map(|count| plural(count, "metric", "metrics"));
            let words = count.map_or("Metrics".to_string(), |count| format!("{count}: pick one"));
            return view! { {words} <Suggestion/> }.into_any();
        }
        match shown_cost(app) {
            Some((series, stats)) => cost_sentence(series, &stats).into_any(),
            None => "Explore".into_any(),
        }
    };
    let old = move || app.answer.read().is_loading() || app.instant.read().is_loading();
    view! { <h1 class="sentence" class:old=old>{words}</h1> }
}

/// The query that shows a sample best.
#[component]
fn Suggestion() -> impl IntoView {
    let app = expect_context::<App>();
    let query = move || {
        let name = app.sample.get()?;
        let sample = SAMPLES.iter().find(|own| own.name == name)?;
        (!sample.query.is_empty()).then_some(sample.query)
    };
    move || {
        let query = query()?;
        Some(view! {
            ", such as "
            <button class="link mono" on:click=move |_| app.send(Command::Plot(query.into()))>
                {query}
            </button>
        })
    }
}
