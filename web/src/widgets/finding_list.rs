//! Findings beside what they are about: place, words, what to do.

use leptos::prelude::*;

use crate::format::plural;
use crate::protocol::{Finding, Severity};

/// Findings, each with its place, what Prometheus does, and what to do.
#[component]
pub fn FindingList(
    /// The findings, in the order they are shown.
    findings: Vec<Finding>,
) -> impl IntoView {
    if findings.is_empty() {
        return None;
    }
    let title = plural(findings.len() as u64, "finding", "findings");
    let rows = findings.into_iter().take(100).map(|finding| {
        let (class, sign) = match finding.severity {
            Severity::Damage => ("finding damage", "⚠"),
            Severity::Warning => ("finding warning", "!"),
            Severity::Note => ("finding note", "i"),
        };
        let prometheus = (!finding.prometheus.is_empty())
            .then(|| view! { <p class="quiet">"Prometheus: "{finding.prometheus}</p> });
        let help =
            (!finding.help.is_empty()).then(|| view! { <p class="quiet">{finding.help}</p> });
        view! {
            <li class=class>
                <span class="sign" aria-hidden="true">{sign}</span>
                <div>
                    <p>{finding.what}</p>
                    <p class="mono place">{finding.at.to_string()}</p>
                    {prometheus}
                    {help}
                </div>
            </li>
        }
    });
    Some(view! {
        <h3>{title}</h3>
        <ul class="findings">{rows.collect_view()}</ul>
    })
}
