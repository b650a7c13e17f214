//! The account of a query: what it read, from where, and how long each stage took.

use leptos::prelude::*;

use super::model::{ReadRow, read_rows};
use super::sentence::shown_cost;
use crate::format::milliseconds;
use crate::protocol::{Address, QueryStats, Source};
use crate::state::{App, Command};
use crate::widgets::FindingList;

/// Sources listed at most.
const LISTED: usize = 60;

/// What the shown result cost.
#[component]
pub(super) fn Account() -> impl IntoView {
    let app = expect_context::<App>();
    move || {
        let (_, stats) = shown_cost(app)?;
        let rows = read_rows(&stats, app.overview().as_ref());
        let hidden = rows.len().saturating_sub(LISTED);
        let more =
            (hidden > 0).then(|| view! { <p class="quiet">{format!("and {hidden} more")}</p> });
        let rows = rows.into_iter().take(LISTED).map(|row| source_row(row, app));
        let incomplete = (!stats.incomplete.is_empty())
            .then(|| view! { <p class="failure">"⚠ Not complete: "{stats.incomplete.clone()}</p> });
        Some(view! {
            <section class="account" aria-label="What was read">
                <h2>"What was read"</h2>
                {incomplete}
                <FindingList findings=stats.problems.clone()/>
                {stages(&stats)}
                <table class="plain">
                    <thead><tr>
                        <th scope="col">"Read from"</th>
                        <th scope="col">"Level"</th>
                        <th scope="col" class="figures">"Series"</th>
                        <th scope="col" class="figures">"Chunks"</th>
                        <th scope="col" class="figures">"Samples"</th>
                        <th scope="col" class="figures">"Bytes"</th>
                    </tr></thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
                {more}
            </section>
        })
    }
}

fn source_row(row: ReadRow, app: App) -> impl IntoView {
    let address = match row.source {
        Source::Head => Address::head(),
        Source::Block(id) => Address::block(id),
    };
    let figures = row.figures.map(|figure| view! { <td class="figures">{figure}</td> });
    view! {
        <tr>
            <td>
                <button class="link mono" on:click=move |_| {
                    app.send(Command::Select(address.clone()));
                }>{row.name}</button>
            </td>
            <td class="quiet">{row.note}</td>
            {figures.collect_view()}
        </tr>
    }
}

/// One bar of time, cut by stage.
fn stages(stats: &QueryStats) -> impl IntoView + use<> {
    const TOKENS: [&str; 6] =
        ["--series-1", "--series-3", "--series-5", "--series-7", "--series-10", "--series-9"];
    let parts = stats.stages.iter().enumerate().map(|(index, stage)| {
        let token = format!("var({})", TOKENS[index % TOKENS.len()]);
        (stage.clone(), token)
    });
    let parts: Vec<_> = parts.collect();
    let bars = parts.iter().map(|(stage, token)| {
        let share = format!("{:.3}", stage.milliseconds.max(0.001));
        view! { <span style:flex-grow=share style:background-color=token.clone()></span> }
    });
    let bars = bars.collect_view();
    let names = parts.iter().map(|(stage, token)| {
        view! {
            <li>
                <span class="swatch-fill" style:background-color=token.clone()></span>
                {stage.stage.clone()}
                <span class="mono">{milliseconds(stage.milliseconds)}</span>
            </li>
        }
    });
    view! {
        <div class="stages">
            <div class="byte-bar-bar" aria-hidden="true">{bars}</div>
            <ul>{names.collect_view()}</ul>
        </div>
    }
}
