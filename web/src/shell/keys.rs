//! Keys that work everywhere, unless one is typing.

use leptos::ev::{KeyboardEvent, keydown};
use leptos::prelude::*;

use crate::platform::input::is_typing;
use crate::protocol::Address;
use crate::state::{App, Command, Overlay};
use crate::views;

/// Listens for as long as the page lives.
pub(super) fn listen_to_keys(app: App) {
    let going = StoredValue::new(false);
    let handle = window_event_listener(keydown, move |event| {
        if event.default_prevented() {
            return;
        }
        if let Some(command) = command(&event, app, going) {
            event.prevent_default();
            app.send(command);
        }
    });
    on_cleanup(move || handle.remove());
}

fn command(event: &KeyboardEvent, app: App, going: StoredValue<bool>) -> Option<Command> {
    let key = event.key();
    let control = event.ctrl_key() || event.meta_key();
    let overlay = app.overlay.get_untracked();
    if control && key.eq_ignore_ascii_case("k") {
        return Some(Command::SetOverlay(Overlay::Palette));
    }
    if key == "Escape" && overlay != Overlay::None {
        return Some(Command::SetOverlay(Overlay::None));
    }
    if control || event.alt_key() || overlay != Overlay::None || is_typing(event) {
        return None;
    }
    let after_g = going.get_value();
    going.set_value(key == "g" && !after_g);
    if after_g {
        return views::ALL.iter().find(|own| own.key == key).map(|own| Command::Show(own.name));
    }
    if key == "?" {
        return Some(Command::SetOverlay(Overlay::Help));
    }
    if !app.is_open() {
        return None;
    }
    let zoom = |factor| Some(Command::Zoom { factor, around: None });
    match key.as_str() {
        "/" => Some(Command::SetOverlay(Overlay::Palette)),
        "w" | "W" | "+" | "=" => zoom(0.7),
        "s" | "S" | "-" => zoom(1.0 / 0.7),
        "a" | "A" => Some(Command::Pan(-0.2)),
        "d" | "D" => Some(Command::Pan(0.2)),
        "0" => Some(Command::ShowAll),
        "Backspace" => Some(Command::BackInTime),
        "Escape" if app.selection.read_untracked().selected != Address::Directory => {
            Some(Command::GoUp)
        }
        _ => None,
    }
}
