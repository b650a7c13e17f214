//! The frame.

use std::sync::Arc;

use leptos::prelude::*;

use super::details_pane::DetailsPane;
use super::failure::Broken;
use super::help::HelpSheet;
use super::icon::Icon;
use super::keys::listen_to_keys;
use super::open_screen::OpenScreen;
use super::palette::Palette;
use super::status::StatusBar;
use super::top_bar::TopBar;
use crate::format;
use crate::platform::theme;
use crate::state::{App, Command, Overlay, Theme, Zone, glide};
use crate::views::{self, View, overview::ruler_covers};
use crate::widgets::{Cover, Looks, TimeRuler};

/// The page. Expects an [`App`] in context.
#[component]
pub fn Shell() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks { palette: RwSignal::default(), zone: RwSignal::new(format::Zone::UTC) };
    provide_context(looks);
    provide_context(RwSignal::new(None::<i64>));
    follow_settings(app, looks);
    listen_to_keys(app);
    let is_open = Memo::new(move |_| app.directory.read().value().is_some());
    let opening = Memo::new(move |_| app.opening.read().is_some());
    let framed = Memo::new(move |_| is_open.get() && !opening.get());
    view! {
        {move || match framed.get() {
            true => view! { <Frame/> }.into_any(),
            false => view! { <OpenScreen/> }.into_any(),
        }}
        <Show when=move || app.overlay.get() == Overlay::Help><HelpSheet/></Show>
        <Show when=move || app.overlay.get() == Overlay::Palette><Palette/></Show>
        <Broken/>
    }
}

/// Theme and clock reach the document and the canvases.
fn follow_settings(app: App, looks: Looks) {
    let settings = Memo::new(move |_| app.settings.get());
    Effect::new(move |_| {
        let settings = settings.get();
        theme::set_theme(match settings.theme {
            Theme::Auto => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        });
        looks.palette.set(theme::Palette::default());
        looks.zone.set(match settings.zone {
            Zone::Utc => format::Zone::UTC,
            Zone::Local => format::Zone::new(theme::local_offset),
        });
    });
    theme::on_system_theme(move || looks.palette.set(theme::Palette::default()));
}

#[component]
fn Frame() -> impl IntoView {
    let app = expect_context::<App>();
    let view = Memo::new(move |_| views::find(&app.view.read()).name);
    let has_time = move || views::find(view.get()).has_time;
    view! {
        <a class="skip" href="#main">"Skip to the view"</a>
        <div class="frame">
            <TopBar/>
            <Navigation/>
            <main id="main" class="stage" tabindex="-1">
                <div class="view-scroll">
                    <Show when=has_time><Ruler/></Show>
                    {move || (views::find(view.get()).make)()}
                </div>
            </main>
            <DetailsPane/>
            <StatusBar/>
        </div>
    }
}

#[component]
fn Ruler() -> impl IntoView {
    let app = expect_context::<App>();
    let covers = Memo::new(move |_| {
        Arc::new(app.overview().map(|own| ruler_covers(&own)).unwrap_or_default())
    });
    let covers: Signal<Arc<Vec<Cover>>> = covers.into();
    let cursor = expect_context::<RwSignal<Option<i64>>>();
    view! {
        <TimeRuler
            all=Signal::derive(move || app.timeline.read().extent())
            range=Signal::derive(move || app.timeline.read().visible())
            covers=covers
            cursor=cursor
            on_range=Callback::new(move |range| glide(app, range))
        />
    }
}

#[component]
fn Navigation() -> impl IntoView {
    view! {
        <nav class="navigation" aria-label="Views">
            <ul>{views::ALL.iter().map(entry).collect_view()}</ul>
        </nav>
    }
}

fn entry(view: &'static View) -> impl IntoView {
    let app = expect_context::<App>();
    let current = move || views::find(&app.view.read()).name == view.name;
    let count = move || {
        let count = (view.name == "findings").then(|| app.overview().map(|o| o.findings.len()))?;
        count.filter(|count| *count > 0).map(|count| view! { <span class="count">{count}</span> })
    };
    view! {
        <li>
            <button
                title=view.about
                aria-current=move || current().then_some("page")
                on:click=move |_| app.send(Command::Show(view.name))
            >
                <Icon path=view.icon/>
                <span>{view.title}</span>
                {count}
            </button>
        </li>
    }
}
