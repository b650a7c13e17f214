//! The first screen: what this is, three ways in, and that nothing leaves the tab.

use leptos::ev::DragEvent;
use leptos::prelude::*;

use super::opening::OpeningCard;
use super::top_bar::{Mark, ThemeButton};
use crate::client::{Client, Picked};
use crate::format::date_time_short;
use crate::platform::drop;
use crate::protocol::FailureKind;
use crate::state::{App, Command, OpenWith, SAMPLES};
use crate::widgets::Looks;

/// The screen; while a directory is being opened, its progress.
#[component]
pub(super) fn OpenScreen() -> impl IntoView {
    let app = expect_context::<App>();
    let over = RwSignal::new(false);
    let opening = Memo::new(move |_| app.opening.read().is_some());
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        let picked = Picked::dropped(drop::entries(&event));
        app.send(Command::Open(OpenWith::Picked(picked)));
    };
    view! {
        <main
            id="main"
            class="open-screen"
            class:over=move || over.get()
            on:dragover=move |event: DragEvent| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=dropped
        >
            <div class="open-corner"><ThemeButton/></div>
            <div class="open-column">
                <header>
                    <p class="open-name"><Mark/>"Chunkscope"</p>
                    <h1>
                        "See what is inside a Prometheus data directory: every block, the head, \
                         the logs, and the samples in them."
                    </h1>
                </header>
                <Failed/>
                {move || match opening.get() {
                    true => view! { <OpeningCard/> }.into_any(),
                    false => view! { <WaysIn/> }.into_any(),
                }}
            </div>
        </main>
    }
}

#[component]
fn WaysIn() -> impl IntoView {
    let app = expect_context::<App>();
    let dialog = Client::has_directory_dialog();
    let first = SAMPLES.first();
    let demo = move |_| {
        if let Some(sample) = first {
            app.send(Command::Open(OpenWith::Sample(sample.name.into())));
        }
    };
    let folder = match dialog {
        true => view! {
            <button on:click=move |_| app.send(Command::Open(OpenWith::PickDirectory))>
                "Open a folder"
            </button>
        }
        .into_any(),
        false => view! { <FolderInput/> }.into_any(),
    };
    view! {
        <div class="ways">
            <div class="way">
                <button class="primary" id="open-demo" on:click=demo>"Open the demo"</button>
                <p>"A real directory of a Prometheus server that was killed while it scraped."</p>
            </div>
            <div class="way">
                {folder}
                <p>
                    "The one with " <code>"wal"</code>
                    " and blocks in it: a copy, a snapshot, a pod’s volume."
                </p>
            </div>
            <div class="way">
                <ArchiveInput/>
                <p>
                    <code>".tar"</code> ", " <code>".tar.gz"</code> " or " <code>".zip"</code>
                    " of one. Or drop it, or the folder, anywhere here."
                </p>
            </div>
        </div>
        <Privacy dialog=dialog/>
        <Recent/>
        <Samples/>
    }
}

/// For browsers without a directory dialog; also what tests use.
#[component]
fn FolderInput() -> impl IntoView {
    let app = expect_context::<App>();
    view! {
        <label class="button">
            "Open a folder"
            <input
                type="file"
                id="open-folder"
                class="unseen"
                prop:webkitdirectory=true
                on:change=move |event| {
                    app.send(Command::Open(OpenWith::Picked(Picked::from_input(&event))));
                }
            />
        </label>
    }
}

#[component]
fn ArchiveInput() -> impl IntoView {
    let app = expect_context::<App>();
    view! {
        <label class="button">
            "Open an archive"
            <input
                type="file"
                id="open-archive"
                class="unseen"
                accept=".tar,.gz,.tgz,.zip"
                on:change=move |event| {
                    app.send(Command::Open(OpenWith::Picked(Picked::from_input(&event))));
                }
            />
        </label>
    }
}

#[component]
fn Privacy(dialog: bool) -> impl IntoView {
    let upload = match dialog {
        true => "Your browser asks whether this page may view the files.",
        false => {
            "Your browser’s dialog will say “upload”; that is its word for letting this page read."
        }
    };
    view! {
        <section class="privacy">
            <p>
                <strong>"Nothing is uploaded."</strong>
                " Files are read in this tab, by this page, and go nowhere. " {upload}
            </p>
            <details>
                <summary>"How to check"</summary>
                <p>
                    "Open the developer tools (F12) and look at Network while a directory is open: \
                     no request leaves. Or go offline first; it works the same. The page’s \
                     Content-Security-Policy, in its source, lets it connect to nothing but where \
                     it was loaded from."
                </p>
                <Show when=move || dialog>
                    <p>
                        "If the dialog does not take your folder, use the plain input, which may \
                         say “upload”: " <FolderInput/>
                    </p>
                </Show>
            </details>
        </section>
    }
}

#[component]
fn Recent() -> impl IntoView {
    let app = expect_context::<App>();
    let looks = Looks::expect();
    let rows = move || {
        let recent = app.recent.get().into_iter();
        recent
            .map(|own| {
                let minute = own.opened_at / 60_000 * 60_000;
                let (id, opened) = (own.id, date_time_short(minute, looks.zone.get()));
                view! {
                    <li>
                        <button class="link" on:click=move |_| {
                            app.send(Command::Open(OpenWith::Recent(id)));
                        }>{own.name}</button>
                        <span class="mono quiet">{opened}</span>
                        <button class="link quiet" on:click=move |_| {
                            app.send(Command::ForgetRecent(id));
                        }>"forget"</button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <section class="recent" hidden=move || app.recent.read().is_empty()>
            <h2>"Recent"</h2>
            <ul>{rows}</ul>
        </section>
    }
}

#[component]
fn Samples() -> impl IntoView {
    let app = expect_context::<App>();
    let rows = SAMPLES.iter().map(|sample| {
        view! {
            <li>
                <button class="link" on:click=move |_| {
                    app.send(Command::Open(OpenWith::Sample(sample.name.into())));
                }>{sample.title}</button>
                <p>{sample.shows}</p>
            </li>
        }
    });
    view! {
        <section class="samples">
            <h2>"Directories to look at"</h2>
            <ul>{rows.collect_view()}</ul>
        </section>
    }
}

/// Why the last try failed: what kind of fault, in words, and what would open.
#[component]
fn Failed() -> impl IntoView {
    let app = expect_context::<App>();
    move || {
        let directory = app.directory.read();
        let failure = directory.failure().filter(|own| own.kind != FailureKind::Cancelled)?;
        let kind = match failure.kind {
            FailureKind::Damaged => "This cannot be read",
            FailureKind::Storage => "The files could not be read",
            FailureKind::Refused => "This is not a data directory",
            FailureKind::Cancelled => "Cancelled",
            FailureKind::Worker => "The engine stopped",
        };
        let place = failure.at.as_ref().map(ToString::to_string);
        Some(view! {
            <div class="failure" role="alert">
                <p><strong>"⚠ "{kind}"."</strong>" "{failure.message.clone()}</p>
                {place.map(|place| view! { <p class="mono place">{place}</p> })}
                {(!failure.help.is_empty()).then(|| view! { <p>{failure.help.clone()}</p> })}
            </div>
        })
    }
}
