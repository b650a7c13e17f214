//! The overview's component: sentence, picture, key, table.

use leptos::prelude::*;

use super::inside::go_inside;
use super::model::{Timeline, covers, describe, items, key, whole_time};
use super::sentence::{Lead, Phrase, sentence};
use super::twin::Twin;
use crate::protocol::{Address, Overview};
use crate::state::{App, Command, glide};
use crate::widgets::{Cover, LaneChart, Looks, with_margin};

/// What the ruler shows of a directory.
#[must_use]
pub fn ruler_covers(overview: &Overview) -> Vec<Cover> {
    covers(&items(overview))
}

/// The view.
#[component]
pub(super) fn OverviewPage() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let timeline = Memo::new(move |_| {
        app.overview().map(|overview| Timeline::new(&overview)).unwrap_or_default()
    });
    let phrases = Memo::new(move |_| app.overview().map(|own| sentence(&own)).unwrap_or_default());
    let words = move || phrases.read().iter().map(|p| p.words.as_str()).collect::<String>();
    let selected = Signal::derive(move || timeline.read().find(&app.selection.read().selected));
    let select = Callback::new(move |index: Option<usize>| {
        let item = index.and_then(|index| timeline.read_untracked().items.get(index).cloned());
        app.send(Command::Select(item.map_or(Address::Directory, |item| item.address)));
    });
    let enter = Callback::new(move |index: usize| {
        let item = timeline.read_untracked().items.get(index).cloned();
        if let Some(item) = item {
            go_inside(app, item.address, item.time);
        }
    });
    let about = Callback::new(move |index: usize| {
        let zone = looks.zone.get_untracked();
        timeline
            .read_untracked()
            .items
            .get(index)
            .map(|item| describe(item, zone))
            .unwrap_or_default()
    });
    let cursor = expect_context::<RwSignal<Option<i64>>>();
    view! {
        <section class="view overview" aria-label="Overview">
            <Sentence phrases=phrases/>
            <LaneChart
                lanes=Signal::derive(move || timeline.get().lanes)
                range=Signal::derive(move || app.timeline.read().visible())
                all=Signal::derive(move || whole_time(&timeline.read().items))
                selected=selected
                cursor=cursor
                summary=Signal::derive(move || format!(
                    "{}. Arrow keys walk over blocks, Enter goes inside, A D pan, W S zoom.",
                    words(),
                ))
                on_range=Callback::new(move |range| glide(app, range))
                on_select=select
                on_enter=enter
                describe=about
            />
            <Key timeline=timeline/>
            <Twin/>
        </section>
    }
}

/// The sentence; its gaps and overlaps lead there, one after the other.
#[component]
fn Sentence(phrases: Memo<Vec<Phrase>>) -> impl IntoView {
    let app = expect_context::<App>();
    let words = move || phrases.get().into_iter().map(|own| phrase(own, app)).collect_view();
    view! { <h1 class="sentence">{words}</h1> }
}

fn phrase(phrase: Phrase, app: App) -> AnyView {
    let Phrase { words, leads_to } = phrase;
    match leads_to {
        Lead::Nowhere => words.into_any(),
        Lead::Findings => view! {
            <button class="link bad" on:click=move |_| app.send(Command::Show("findings"))>
                {words}
            </button>
        }
        .into_any(),
        Lead::Times(places) => {
            let next = StoredValue::new(0usize);
            view! {
                <button class="link" title="Show the next one" on:click=move |_| {
                    let at = next.get_value() % places.len();
                    next.set_value(at + 1);
                    app.send(Command::LookAt(with_margin(places[at], 1.5)));
                }>{words}</button>
            }
            .into_any()
        }
    }
}

/// What the colours and patterns of the picture mean.
#[component]
fn Key(timeline: Memo<Timeline>) -> impl IntoView {
    let rows = move || {
        let rows = key(&timeline.read().items).into_iter();
        rows.map(|(class, words)| {
            view! { <li><span class=format!("key-mark {class}")></span>{words}</li> }
        })
        .collect_view()
    };
    view! { <ul class="key" aria-label="What the marks mean">{rows}</ul> }
}
