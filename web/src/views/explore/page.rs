//! The view: the form, the result, the account, the series.

use leptos::prelude::*;

use super::account::Account;
use super::builder::Builder;
use super::form::Form;
use super::metrics::Metrics;
use super::result::Outcome;
use super::sentence::Sentence;
use super::series::Matching;
use crate::state::{App, Command, Lookup};

/// The view. Entering it with a selector asks for its answer.
#[component]
pub(super) fn ExplorePage() -> impl IntoView {
    let app = expect_context::<App>();
    Effect::new(move |_| {
        let open = app.directory.read().value().is_some();
        let asked = !app.answer.read_untracked().is_untouched();
        if open && !asked && !app.query.read_untracked().expr.is_empty() {
            app.send(Command::RunQuery);
        }
    });
    let settled = Memo::new(move |_| app.timeline.read().settled());
    Effect::new(move |before: Option<()>| {
        settled.track();
        let expr = app.query.read_untracked().expr.clone();
        // The query itself follows the range; the counts of its series do it here.
        if before.is_some() && app.is_open() && !expr.is_empty() {
            app.send(Command::LookUp(Lookup::Series(expr)));
        }
    });
    view! {
        <section class="view explore" aria-label="Explore">
            <Sentence/>
            <Form/>
            <Builder/>
            <Metrics/>
            <Outcome/>
            <Account/>
            <Matching/>
        </section>
    }
}
