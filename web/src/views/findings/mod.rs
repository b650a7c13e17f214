//! Everything that is wrong or unusual in the directory, the worst first.

mod model;

use leptos::prelude::*;

use super::View;
use crate::protocol::{Finding, Severity};
use crate::state::{App, Command};
use model::{Tally, tally};

/// The view, as the navigation knows it.
pub const VIEW: View = View {
    name: "findings",
    title: "Findings",
    about: "Damage and oddities, with their addresses",
    icon: "M8 2 15 14H1ZM8 6.5v3.5M8 11.7v.6",
    key: "f",
    has_time: false,
    make: || view! { <Findings/> }.into_any(),
};

/// The list.
#[component]
fn Findings() -> impl IntoView {
    let app = expect_context::<App>();
    let shown = move || {
        let overview = app.overview()?;
        let tally = tally(&overview.findings);
        let sentence = tally.sentence();
        let empty = (tally == Tally::default()).then(|| {
            view! {
                <p class="empty">
                    "Every checksum, length and reference that was read to open this directory is \
                     as it should be. "
                    <span class="mono">"chunkscope verify DIR"</span>
                    " sweeps every byte."
                </p>
            }
        });
        let rows = overview.findings.iter().take(1000).cloned().map(|own| row(own, app));
        Some(view! {
            <h1 class="sentence">{sentence}</h1>
            {empty}
            <ul class="finding-rows">{rows.collect_view()}</ul>
        })
    };
    view! { <section class="view padded" aria-label="Findings">{shown}</section> }
}

fn row(finding: Finding, app: App) -> impl IntoView {
    let (class, word) = match finding.severity {
        Severity::Damage => ("finding-row damage", "⚠ damage"),
        Severity::Warning => ("finding-row warning", "! unusual"),
        Severity::Note => ("finding-row note", "i note"),
    };
    let place = finding.at.to_string();
    let place = match finding.at.address() {
        Some(address) => view! {
            <button class="link mono" on:click=move |_| {
                app.send(Command::Select(address.clone()));
            }>{place}</button>
        }
        .into_any(),
        None => view! { <span class="mono">{place}</span> }.into_any(),
    };
    let line = |name: &'static str, text: String| {
        (!text.is_empty()).then(|| view! { <dt>{name}</dt><dd>{text}</dd> })
    };
    view! {
        <li class=class>
            <span class="badge">{word}</span>
            <div>
                <p class="what">{finding.what}</p>
                <p>{place}</p>
                <dl>
                    {line("Prometheus", finding.prometheus)}
                    {line("Here", finding.help)}
                </dl>
            </div>
        </li>
    }
}
