//! The query line and the range: selector, length, end, step, graph or table.

use std::sync::Arc;

use chunkscope::types::TimeRange;
use leptos::prelude::*;

use super::model::{longer, shorter, with_length};
use crate::format::{duration, grouped};
use crate::state::time_text::{format_duration, format_time, parse_duration, parse_time};
use crate::state::{App, Command, Lookup, ResultTab};
use crate::widgets::{Completion, Looks, Segments};

/// Ranges one click away.
const PRESETS: [(i64, &str); 6] = [
    (300_000, "5m"),
    (3_600_000, "1h"),
    (21_600_000, "6h"),
    (86_400_000, "1d"),
    (604_800_000, "7d"),
    (0, "all"),
];

/// The form.
#[component]
pub(super) fn Form() -> impl IntoView {
    view! {
        <form class="query-form" on:submit=|event| event.prevent_default()>
            <QueryLine/>
            <div class="query-range">
                <Length/>
                <End/>
                <Step/>
                <span class="grow"></span>
                <Tabs/>
            </div>
        </form>
    }
}

#[component]
fn QueryLine() -> impl IntoView {
    let app = expect_context::<App>();
    let text = RwSignal::new(app.query.read_untracked().expr.clone());
    Effect::new(move |_| {
        let expr = app.query.read().expr.clone();
        if text.get_untracked() != expr {
            text.set(expr);
        }
    });
    let suggestions = Signal::derive(move || {
        let typed = text.get();
        if typed.contains(['{', '(', ' ']) {
            return Arc::default();
        }
        let metrics = app.metrics.read();
        let found = metrics.value().map(|found| {
            let rows = found.0.iter().filter(|row| row.name != typed);
            rows.map(|row| (row.name.clone(), row.series.map(grouped).unwrap_or_default()))
                .collect::<Vec<_>>()
        });
        Arc::new(found.unwrap_or_default())
    });
    let search = Callback::new(move |typed: String| {
        if !typed.contains(['{', '(', ' ']) {
            app.send(Command::LookUp(Lookup::Metrics(typed)));
        }
    });
    let run = Callback::new(move |expr: String| {
        app.send(Command::SetExpr(expr));
        app.send(Command::RunQuery);
    });
    let busy = move || app.answer.read().is_loading() || app.instant.read().is_loading();
    view! {
        <div class="query-line">
            <Completion
                id="query"
                label="Selector"
                placeholder="A metric, or a selector such as up{job=\"api\"}"
                value=text
                suggestions=suggestions
                on_search=search
                on_done=run
            />
            {move || match busy() {
                true => view! {
                    <button type="button" on:click=move |_| app.send(Command::CancelQuery)>
                        "Cancel"
                    </button>
                }.into_any(),
                false => view! {
                    <button
                        type="button"
                        class="primary"
                        on:click=move |_| run.run(text.get_untracked())
                    >
                        "Run"
                    </button>
                }.into_any(),
            }}
        </div>
    }
}

fn visible(app: App) -> TimeRange {
    app.timeline.read_untracked().visible()
}

/// Looks at another range; the shown query follows it.
fn look_at(app: App, range: TimeRange) {
    app.send(Command::LookAt(range));
}

#[component]
fn Length() -> impl IntoView {
    let app = expect_context::<App>();
    let length = Memo::new(move |_| app.timeline.read().span());
    let change = move |length: i64| look_at(app, with_length(visible(app), length));
    let presets = PRESETS.into_iter().map(|(length, words)| {
        let extent = move || app.timeline.read().extent();
        let holds = move || match length {
            0 => app.timeline.read().visible() == extent(),
            _ => app.timeline.read().span() == length,
        };
        view! {
            <button type="button" aria-pressed=move || holds().to_string() on:click=move |_| {
                match length {
                    0 => look_at(app, untrack(extent)),
                    _ => change(length),
                }
            }>{words}</button>
        }
    });
    view! {
        <div class="stepper" role="group" aria-label="Length of the range">
            <button type="button" aria-label="Shorter" on:click=move |_| {
                change(shorter(length.get_untracked()));
            }>"−"</button>
            <input
                class="mono"
                size="7"
                aria-label="Length of the range"
                prop:value=move || duration(length.get().saturating_add(1))
                on:change=move |event| {
                    let text = event_target_value(&event).replace(' ', "");
                    if let Some(length) = parse_duration(&text) {
                        change(length);
                    }
                }
            />
            <button type="button" aria-label="Longer" on:click=move |_| {
                change(longer(length.get_untracked()));
            }>"+"</button>
        </div>
        <div class="presets" role="group" aria-label="Usual lengths">{presets.collect_view()}</div>
    }
}

#[component]
fn End() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let end = Memo::new(move |_| app.timeline.read().visible().max_time);
    let shift = move |share: f64| {
        let range = app.timeline.read_untracked().panned(share);
        look_at(app, range);
    };
    let text = move || format_time(end.get(), looks.zone.get().minutes_east(end.get()));
    view! {
        <div class="stepper" role="group" aria-label="End of the range">
            <button type="button" aria-label="Earlier" on:click=move |_| shift(-0.5)>"‹"</button>
            <input
                class="mono"
                size="24"
                aria-label="End of the range"
                prop:value=text
                on:change=move |event| {
                    let zone = looks.zone.get_untracked();
                    let east = zone.minutes_east(end.get_untracked());
                    if let Some(end) = parse_time(&event_target_value(&event), east) {
                        let length = app.timeline.read_untracked().span();
                        look_at(app, TimeRange::new(end.saturating_sub(length), end));
                    }
                }
            />
            <button type="button" aria-label="Later" on:click=move |_| shift(0.5)>"›"</button>
        </div>
    }
}

#[component]
fn Step() -> impl IntoView {
    let app = expect_context::<App>();
    let step = move || {
        let form = app.query.read();
        form.step.map(format_duration).unwrap_or_default()
    };
    let automatic = move || {
        let range = app.timeline.read().visible();
        format!("auto {}", format_duration(app.query.read().step_for(range)))
    };
    view! {
        <label class="field">
            "Step"
            <input
                class="mono"
                size="8"
                placeholder=automatic
                prop:value=step
                on:change=move |event| {
                    app.send(Command::SetStep(parse_duration(&event_target_value(&event))));
                }
            />
        </label>
    }
}

#[component]
fn Tabs() -> impl IntoView {
    let app = expect_context::<App>();
    view! {
        <Segments
            label="Result as"
            choices=vec![(ResultTab::Graph, "Graph"), (ResultTab::Table, "Table")]
            value=Signal::derive(move || app.query.read().tab)
            on_choice=Callback::new(move |tab| app.send(Command::SetTab(tab)))
        />
    }
}
