//! Doing what commands want done outside: asking the worker, dialogs, the address bar.

use leptos::prelude::{GetValue, LocalStorage, Set, SetValue, StoredValue, Update};

use super::app::{App, EngineState, Opening, RecentDirectory};
use super::apply::apply;
use super::command::Command;
use super::effect::{Effect, OpenWith};
use super::resource::Resource;
use super::route::Route;
use super::samples;
use super::settings::Settings;
use crate::client::{Attachment, Client, ClientEvent, Picked, Topic};
use crate::platform::address_bar;
use crate::platform::recent::Recent;
use crate::protocol::{Failure, FailureKind, OpenSource, Reply, Request};

/// Starts the page: the store, connected to a worker, to the settings of the last visit and to the
/// address bar.
#[must_use]
pub fn start() -> App {
    let slot: StoredValue<Option<Client>, LocalStorage> = StoredValue::new_local(None);
    let app = App::new(move |app, command| {
        for effect in apply(&app, command) {
            if let Some(client) = slot.get_value() {
                perform(&client, app, effect);
            }
        }
    });
    let client = Client::start(move |event| listen(app, event));
    slot.set_value(Some(client.clone()));
    client.list_recent(recent_into(app));
    let settings = Client::saved_settings().map(|text| Settings::parse(&text));
    app.settings.set(settings.unwrap_or_default());
    app.send(Command::Follow(Route::parse(&address_bar::fragment())));
    address_bar::on_change(move |fragment| app.send(Command::Follow(Route::parse(&fragment))));
    app
}

/// Does one thing, through `client`, and keeps `app` up to date.
fn perform(client: &Client, app: App, effect: Effect) {
    match effect {
        Effect::Open(with) => open(client, app, with),
        Effect::Ask(request) => ask(client, app, request),
        Effect::Cancel(topic) => client.cancel(topic),
        Effect::Restart => {
            app.engine.set(EngineState::Starting);
            client.restart();
        }
        Effect::WriteRoute(step) => client.write_fragment(&app.route().print(), step),
        Effect::SaveSettings(settings) => client.save_settings(&settings.print()),
        Effect::ForgetRecent(id) => client.forget_recent(id, recent_into(app)),
        Effect::Copy(text) => client.copy(&text),
    }
}

/// What the client tells of itself.
fn listen(app: App, event: ClientEvent) {
    match event {
        ClientEvent::Ready => app.engine.set(EngineState::Ready),
        ClientEvent::Progress(Topic::Open, progress) => app.opening.update(|opening| {
            if let Some(opening) = opening {
                opening.progress = progress;
            }
        }),
        ClientEvent::Progress(Topic::Query, progress) => app.query_progress.set(Some(progress)),
        ClientEvent::Progress(..) => {}
        ClientEvent::Broken(message) => {
            app.opening.set(None);
            app.directory.update(Resource::clear);
            app.forget_answers();
            app.engine.set(EngineState::Broken(message));
        }
    }
}

fn ask(client: &Client, app: App, request: Request) {
    app.asked(&request);
    let asked = request.clone();
    client.ask(request, Vec::new(), move |result| app.receive(&asked, result));
}

fn open(client: &Client, app: App, with: OpenWith) {
    match with {
        OpenWith::Sample(name) => {
            ask_to_open(client, app, OpenSource::Sample { name }, Vec::new());
        }
        OpenWith::Private(path) => {
            ask_to_open(client, app, OpenSource::Private { path }, Vec::new());
        }
        OpenWith::PickDirectory => client.pick_directory(opener(client, app)),
        OpenWith::Recent(id) => client.open_recent(id, opener(client, app)),
        OpenWith::Picked(picked) => picked.resolve(opener(client, app)),
    }
}

/// Opens what a dialog, a drop or the list of recent directories led to.
fn opener(client: &Client, app: App) -> impl FnOnce(Result<Picked, Failure>) + 'static {
    let client = client.clone();
    move |picked| match picked {
        Ok(picked) => {
            client.remember(&picked, recent_into(app));
            let (source, attachments) = picked.into_source();
            ask_to_open(&client, app, source, attachments);
        }
        Err(failure) if failure.kind == FailureKind::Cancelled => {}
        Err(failure) => app.directory.update(|directory| directory.fail(failure)),
    }
}

fn ask_to_open(client: &Client, app: App, source: OpenSource, attachments: Vec<Attachment>) {
    let mut opening = Opening { name: source.name().to_owned(), ..Opening::default() };
    if let OpenSource::Sample { name } = &source {
        opening.sample = Some(name.clone());
        opening.name = samples::find(name).map_or(name.as_str(), |sample| sample.title).to_owned();
    }
    app.opening.set(Some(opening));
    let request = Request::Open(source);
    app.asked(&request);
    // The list of files can be long and is not needed again.
    let asked = Request::Open(OpenSource::Handle { name: String::new() });
    client.ask(request, attachments, move |result: Result<Reply, Failure>| {
        app.receive(&asked, result);
    });
}

/// Puts the list of recent directories into the store.
fn recent_into(app: App) -> impl FnOnce(Vec<Recent>) + 'static {
    move |recent| {
        let entry = |it: Recent| RecentDirectory {
            id: it.id,
            name: it.name,
            opened_at: it.opened_at as i64,
        };
        app.recent.set(recent.into_iter().map(entry).collect());
    }
}
