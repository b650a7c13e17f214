//! The result: a chart with its legend, or a table; dimmed while a newer one is on its way.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;

use super::model::{plot, summary_rows, why_empty};
use crate::format::spoken_range;
use crate::protocol::{Failure, PointKind};
use crate::state::{App, Command, ResultTab};
use crate::widgets::{Column, Legend, Looks, Plot, PlotChart, Table};

/// Graph or table, or why there is neither.
#[component]
pub(super) fn Outcome() -> impl IntoView {
    let app = expect_context::<App>();
    let tab = Memo::new(move |_| app.query.read().tab);
    move || match tab.get() {
        ResultTab::Graph => view! { <Graph/> }.into_any(),
        ResultTab::Table => view! { <Instant/> }.into_any(),
    }
}

/// An error at the place where the result would be; old results stay below it.
fn failure(failure: &Failure) -> impl IntoView + use<> {
    let place = failure.at.as_ref().map(|at| view! { <p class="mono place">{at.to_string()}</p> });
    let help = (!failure.help.is_empty()).then(|| view! { <p>{failure.help.clone()}</p> });
    view! {
        <div class="failure" role="alert">
            <p><strong>"⚠ "{failure.message.clone()}</strong></p>
            {place}
            {help}
        </div>
    }
}

fn empty(words: String) -> impl IntoView {
    let app = expect_context::<App>();
    let all = move |_| {
        let extent = app.timeline.read_untracked().extent();
        app.send(Command::LookAt(extent));
    };
    view! {
        <div class="empty">
            <p>{words}</p>
            <button class="quiet-button" on:click=all>"Jump to the data"</button>
        </div>
    }
}

#[component]
fn Graph() -> impl IntoView {
    let app = expect_context::<App>();
    let answered = Memo::new(move |_| app.answer.read().value().cloned());
    let state = move || {
        let resource = app.answer.read();
        let failed = resource.failure().map(failure);
        let nothing = resource.value().is_some_and(|answer| answer.series.is_empty());
        let nothing = (nothing && !resource.is_loading()).then(|| {
            let matching = app.series.read().value().map(|page| page.total);
            let asked = app.timeline.read().visible();
            let data = app.overview().and_then(|overview| overview.time);
            empty(why_empty(matching, asked, data))
        });
        view! { {failed} {nothing} }
    };
    let some = Memo::new(move |_| answered.read().as_ref().is_some_and(|a| !a.series.is_empty()));
    let old = move || app.answer.read().is_old();
    view! {
        {state}
        <Show when=move || some.get()>
            <div class="result" class:old=old>
                <Chart/>
            </div>
        </Show>
    }
}

#[component]
fn Chart() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let answered = Memo::new(move |_| app.answer.read().value().cloned());
    let lines = Memo::new(move |_| {
        let range = app.timeline.read_untracked().visible();
        let step = app.query.read_untracked().step_for(range);
        answered.get().map(|answer| Arc::new(plot(&answer, step))).unwrap_or_default()
    });
    let lines: Signal<Arc<Plot>> = lines.into();
    let cursor = expect_context::<RwSignal<Option<i64>>>();
    let hidden = RwSignal::new(BTreeSet::new());
    let strong = RwSignal::new(None);
    let from_zero = RwSignal::new(false);
    // Other lines than before: what was hidden means nothing.
    Effect::new(move |before: Option<usize>| {
        let count = lines.read().curves.len();
        if before != Some(count) {
            hidden.set(BTreeSet::new());
        }
        count
    });
    let histograms = move || {
        answered.read().as_ref().is_some_and(|answer| {
            answer.series.iter().any(|series| series.kind == PointKind::Histogram)
        })
    };
    let summary = move || {
        let range = spoken_range(app.timeline.read().visible(), looks.zone.get());
        let count = lines.read().curves.len();
        format!("Chart of {count} series, {range}. The table below has its figures.")
    };
    view! {
        <PlotChart
            plot=lines
            range=Signal::derive(move || app.timeline.read().visible())
            from_zero=from_zero
            hidden=hidden
            strong=strong
            cursor=cursor
            summary=Signal::derive(summary)
            on_zoom=Callback::new(move |range| app.send(Command::LookAt(range)))
            on_back=Callback::new(move |()| app.send(Command::BackInTime))
        />
        <div class="chart-foot">
            <p class="quiet">
                "Drag to zoom, double-click to go back; click a name to see it alone, "
                "Ctrl-click to hide it."
                {move || histograms().then_some(" Native histograms are drawn by their count.")}
            </p>
            <label class="check">
                <input type="checkbox" prop:checked=move || from_zero.get()
                    on:change=move |event| from_zero.set(event_target_checked(&event))/>
                "from zero"
            </label>
        </div>
        <Legend plot=lines hidden=hidden strong=strong/>
        <Figures/>
    }
}

/// The chart's twin in figures.
#[component]
fn Figures() -> impl IntoView {
    let app = expect_context::<App>();
    let rows = Memo::new(move |_| {
        let rows = app.answer.read().value().map(|answer| summary_rows(answer));
        Arc::new(rows.unwrap_or_default())
    });
    let cells = Callback::new(move |index: usize| {
        let rows = rows.get();
        let Some(row) = rows.get(index).cloned() else { return Vec::new() };
        let texts = [row.labels, row.last, row.lowest, row.highest, row.points.to_string()];
        texts.into_iter().map(IntoAny::into_any).collect::<Vec<AnyView>>()
    });
    view! {
        <details class="figures-twin">
            <summary>"Figures of the chart"</summary>
            <Table
                label="Figures of the chart"
                columns=vec![
                    Column::words("Series", ""),
                    Column::figures("Last", "170px"),
                    Column::figures("Lowest", "110px"),
                    Column::figures("Highest", "110px"),
                    Column::figures("Points", "72px"),
                ]
                count=Signal::derive(move || rows.read().len())
                cells=cells
            />
        </details>
    }
}

/// Values at the end of the range.
#[component]
fn Instant() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let rows = Memo::new(move |_| app.instant.read().value().cloned());
    let cells = Callback::new(move |index: usize| {
        let rows = rows.get();
        let row = rows.as_ref().and_then(|rows| rows.0.get(index).cloned());
        let Some(row) = row else { return Vec::new() };
        let labels = row.labels.to_string();
        vec![labels.into_any(), row.value.into_any()]
    });
    let state = move || {
        let resource = app.instant.read();
        let failed = resource.failure().map(failure);
        let nothing = resource.value().is_some_and(|rows| rows.0.is_empty());
        let nothing = (nothing && !resource.is_loading()).then(|| {
            let matching = app.series.read().value().map(|page| page.total);
            let asked = app.timeline.read().visible();
            let data = app.overview().and_then(|overview| overview.time);
            empty(why_empty(matching, asked, data))
        });
        view! { {failed} {nothing} }
    };
    let at = move || {
        let end = app.timeline.read().visible().max_time;
        format!("Values at {}", crate::format::date_time(end, looks.zone.get()))
    };
    view! {
        {state}
        <p class="quiet table-note">{at}</p>
        <div class="result" class:old=move || app.instant.read().is_old()>
            <Table
                label="Values at the end of the range"
                columns=vec![Column::words("Series", ""), Column::figures("Value", "280px")]
                count=Signal::derive(move || rows.read().as_ref().map_or(0, |rows| rows.0.len()))
                cells=cells
            />
        </div>
    }
}
