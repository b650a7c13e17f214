//! The top bar: what is open, how large, what time of it is looked at, and the switches.

use leptos::prelude::*;

use super::icon::Icon;
use crate::format::{bytes, duration, spoken_range};
use crate::state::{App, Command, Overlay, Theme, Zone};
use crate::widgets::{Looks, Segments};
use chunkscope::types::TimeRange;

const SEARCH: &str = "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3 14 14";

const LOCAL_ONLY: &str = "Nothing is uploaded: the page’s policy forbids it to send anything \
     anywhere. See for yourself in your browser’s developer tools, under Network.";

const HALF: &str = "M8 2a6 6 0 1 0 0 12ZM8 2a6 6 0 0 1 0 12";
const SUN: &str = "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15\
     M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13";
const MOON: &str = "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5Z";

/// The bar.
#[component]
pub(super) fn TopBar() -> impl IntoView {
    let app = expect_context::<App>();
    let directory = move || {
        let overview = app.overview()?;
        let size = bytes(overview.totals.bytes);
        Some(view! {
            <button
                class="directory"
                title="Close this directory and open another"
                on:click=move |_| app.send(Command::Close)
            >
                <span class="directory-name">{overview.name.clone()}</span>
                <span class="mono quiet">{size}</span>
            </button>
            <span class="local-only" title=LOCAL_ONLY>"local only"</span>
        })
    };
    view! {
        <header class="top-bar">
            <span class="brand"><Mark/><span class="brand-name">"Chunkscope"</span></span>
            {directory}
            <span class="grow"></span>
            <Range/>
            <button class="search" title="Search and commands" on:click=move |_| {
                app.send(Command::SetOverlay(Overlay::Palette));
            }>
                <Icon path=SEARCH/>
                <span>"Search"</span>
                <kbd>"Ctrl K"</kbd>
            </button>
            <Switches/>
        </header>
    }
}

/// The sign: four chunks that end at one edge.
#[component]
pub(super) fn Mark() -> impl IntoView {
    view! {
        <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true" class="mark">
            <rect x="1" y="2" width="14" height="2.6" class="mark-3"></rect>
            <rect x="4" y="5.6" width="11" height="2.6" class="mark-2"></rect>
            <rect x="7" y="9.2" width="8" height="2.6" class="mark-1"></rect>
            <rect x="11" y="12.8" width="4" height="2.2" class="mark-head"></rect>
        </svg>
    }
}

/// The visible time in words.
#[component]
fn Range() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let words = move || {
        let range = app.timeline.read().visible();
        spoken_range(short_of_milliseconds(range), looks.zone.get())
    };
    // Ranges are closed: from 0 to 7 199 999 is two hours.
    let length = move || duration(app.timeline.read().span().saturating_add(1));
    let all = move || app.timeline.read().shows_all();
    view! {
        <button
            class="range mono"
            title="The visible time. Click for everything (0)"
            disabled=all
            on:click=move |_| app.send(Command::ShowAll)
        >
            <span class="range-words">{words}</span>
            <span class="quiet">{length}</span>
        </button>
    }
}

/// Milliseconds say nothing at the ends of a range that is longer than minutes.
fn short_of_milliseconds(range: TimeRange) -> TimeRange {
    let unit = if range.max_time.saturating_sub(range.min_time) > 600_000 { 1000 } else { 1 };
    let cut = |time: i64| time.div_euclid(unit) * unit;
    TimeRange::new(cut(range.min_time), cut(range.max_time))
}

#[component]
fn Switches() -> impl IntoView {
    let app = expect_context::<App>();
    view! {
        <Segments
            label="Clock"
            choices=vec![(Zone::Utc, "UTC"), (Zone::Local, "local")]
            value=Signal::derive(move || app.settings.read().zone)
            on_choice=Callback::new(move |zone| app.send(Command::SetZone(zone)))
        />
        <ThemeButton/>
        <button class="round" aria-label="Help" title="Help (?)" on:click=move |_| {
            app.send(Command::SetOverlay(Overlay::Help));
        }>"?"</button>
    }
}

/// Auto, light, dark, one after the other.
#[component]
pub(super) fn ThemeButton() -> impl IntoView {
    let app = expect_context::<App>();
    let theme = move || app.settings.read().theme;
    let icon = move || match theme() {
        Theme::Auto => HALF,
        Theme::Light => SUN,
        Theme::Dark => MOON,
    };
    let (words, next) = (
        move || match theme() {
            Theme::Auto => "Theme: as the system",
            Theme::Light => "Theme: light",
            Theme::Dark => "Theme: dark",
        },
        move || match untrack(theme) {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Auto,
        },
    );
    view! {
        <button class="round" aria-label=words title=words
            on:click=move |_| app.send(Command::SetTheme(next()))>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" class="icon"
                class:filled-half=move || theme() == Theme::Auto>
                <path d=icon></path>
            </svg>
        </button>
    }
}
