//! A directory being opened: stage, bytes, rate, and the head as it comes back to life.

use leptos::prelude::*;

use crate::format::{bytes, compact, date_time_short, duration, grouped};
use crate::state::{App, Command, Opening};
use crate::widgets::Looks;

/// Progress by stage, with a way out.
#[component]
pub(super) fn OpeningCard() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let now = Memo::new(move |_| app.opening.get().unwrap_or_default());
    let stage = move || {
        let stage = now.read().progress.stage.clone();
        if stage.is_empty() { "Starting".to_string() } else { stage }
    };
    let fraction = move || now.read().progress.fraction();
    let width = move || format!("{:.1}%", fraction().unwrap_or(0.0) * 100.0);
    let amount = move || amount(&now.read());
    let counters = move || {
        let head = now.read().progress.head;
        let zone = looks.zone.get();
        let newest = head.time.map(|time| date_time_short(time.max_time, zone));
        [
            ("Records", grouped(head.records)),
            ("Series", grouped(head.series)),
            ("Samples", grouped(head.samples)),
            ("Samples/s", compact(head.samples_per_second.round())),
            ("Newest", newest.unwrap_or_else(|| "–".into())),
        ]
        .map(|(name, value)| view! { <div><dt>{name}</dt><dd class="mono">{value}</dd></div> })
        .collect_view()
    };
    view! {
        <section class="opening" aria-label="Opening">
            <h2>"Opening "{move || now.read().name.clone()}</h2>
            <p class="stage-line">
                <span role="status">{stage}</span>
                <span class="mono quiet">{move || now.read().progress.detail.clone()}</span>
                <span class="grow"></span>
                <span class="mono quiet">{amount}</span>
            </p>
            <div
                class="progress"
                class:unknown=move || fraction().is_none()
                role="progressbar"
                aria-label="Opening"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || fraction().map(|part| format!("{:.0}", part * 100.0))
            >
                <span style:width=width></span>
            </div>
            <dl class="counters">{counters}</dl>
            <button on:click=move |_| app.send(Command::CancelOpening)>"Cancel"</button>
        </section>
    }
}

/// `12 MiB of 40 MiB · 88 MiB/s · 1s`.
fn amount(opening: &Opening) -> String {
    let progress = &opening.progress;
    let mut parts = Vec::new();
    match (progress.bytes_done, progress.bytes_total) {
        (0, 0) => {}
        (done, 0) => parts.push(bytes(done)),
        (done, total) => parts.push(format!("{} of {}", bytes(done), bytes(total))),
    }
    if progress.bytes_per_second > 0.0 {
        parts.push(format!("{}/s", bytes(progress.bytes_per_second as u64)));
    }
    if progress.elapsed_ms >= 1000.0 {
        parts.push(duration((progress.elapsed_ms / 1000.0) as i64 * 1000));
    }
    parts.join(" · ")
}
