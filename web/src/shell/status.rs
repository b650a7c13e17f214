//! The status bar: the engine, the last job, findings, memory.

use leptos::prelude::*;

use crate::format::{bytes, milliseconds, plural};
use crate::protocol::Severity;
use crate::state::{App, Command, EngineState, ResultTab};

/// The bar.
#[component]
pub(super) fn StatusBar() -> impl IntoView {
    view! {
        <footer class="status-bar">
            <Engine/>
            <Job/>
            <span class="grow"></span>
            <Findings/>
            <Memory/>
        </footer>
    }
}

#[component]
fn Engine() -> impl IntoView {
    let app = expect_context::<App>();
    let state = move || match app.engine.get() {
        EngineState::Starting => ("starting", "Engine starting"),
        EngineState::Ready => ("ready", "Engine ready"),
        EngineState::Broken(_) => ("broken", "⚠ Engine stopped"),
    };
    view! {
        <span class="engine" role="status">
            <span class=move || format!("lamp {}", state().0)></span>
            {move || state().1}
        </span>
    }
}

/// The running query with its rate, or what the last one took.
#[component]
fn Job() -> impl IntoView {
    let app = expect_context::<App>();
    let running = move || {
        let loading = app.answer.read().is_loading() || app.instant.read().is_loading();
        loading.then(|| {
            let progress = app.query_progress.get().unwrap_or_default();
            let stage = match progress.stage.as_str() {
                "" => "Asking".to_string(),
                stage => stage.to_string(),
            };
            let rate = (progress.bytes_per_second > 0.0)
                .then(|| format!(" · {}/s", bytes(progress.bytes_per_second as u64)));
            view! {
                <span class="job">
                    {stage} " …" <span class="mono">{rate}</span>
                    <button class="link" on:click=move |_| app.send(Command::CancelQuery)>
                        "cancel"
                    </button>
                </span>
            }
        })
    };
    let last = move || {
        let stats = match app.query.read().tab {
            ResultTab::Graph => app.answer.read().value().map(|answer| answer.stats.clone()),
            ResultTab::Table => app.instant.read().value().map(|rows| rows.1.clone()),
        };
        match stats {
            Some(stats) => {
                let samples = plural(stats.totals().2, "sample", "samples");
                Some(format!("Last query: {samples} in {}", milliseconds(stats.milliseconds())))
            }
            None => {
                let opened = app.overview()?.opened_in_ms;
                Some(format!("Opened in {}", milliseconds(opened)))
            }
        }
    };
    move || match running() {
        Some(running) => running.into_any(),
        None => view! { <span class="job quiet">{last()}</span> }.into_any(),
    }
}

#[component]
fn Findings() -> impl IntoView {
    let app = expect_context::<App>();
    let words = move || {
        let overview = app.overview()?;
        let damage =
            overview.findings.iter().filter(|own| own.severity == Severity::Damage).count();
        Some(match (damage, overview.findings.len()) {
            (0, 0) => ("quiet", "No findings".to_string()),
            (0, all) => ("quiet", plural(all as u64, "finding", "findings")),
            (damage, _) => ("bad", format!("⚠ {damage} damaged")),
        })
    };
    view! {
        <button class="link" on:click=move |_| app.send(Command::Show("findings"))>
            {move || words().map(|(class, words)| view! { <span class=class>{words}</span> })}
        </button>
    }
}

/// Memory of the page's own program; the worker's is told with its answers.
#[component]
fn Memory() -> impl IntoView {
    let used = RwSignal::new(crate::platform::browser::memory_bytes());
    let app = expect_context::<App>();
    Effect::new(move |_| {
        app.directory.track();
        app.answer.track();
        used.set(crate::platform::browser::memory_bytes());
    });
    view! {
        <span class="mono quiet memory" title="Memory of the page; the engine has its own">
            {move || bytes(used.get())}
        </span>
    }
}
