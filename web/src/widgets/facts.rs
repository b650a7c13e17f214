//! Facts: a name and a value per row, as a description list.

use leptos::prelude::*;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value, with its unit.
    pub value: String,
    /// More about it, shown under the pointer; may be empty.
    pub note: String,
}

impl Fact {
    /// A fact without a note.
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_string(), value: value.into(), note: String::new() }
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// Facts, one below the other.
#[component]
pub fn Facts(
    /// The rows.
    facts: Vec<Fact>,
) -> impl IntoView {
    let rows = facts.into_iter().map(|fact| {
        let title = (!fact.note.is_empty()).then_some(fact.note);
        view! {
            <div class="fact" title=title>
                <dt>{fact.name}</dt>
                <dd>{fact.value}</dd>
            </div>
        }
    });
    view! { <dl class="facts">{rows.collect_view()}</dl> }
}
