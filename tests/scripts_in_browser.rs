//! The golden scripts in a browser's worker, on the browser's own file storage: the same lessons,
//! the same answers. What is answered has settled, as in the page.
//!
//! `cargo test -p chunkscope-tests --test scripts_in_browser --target wasm32-unknown-unknown`
#![cfg(target_arch = "wasm32")]

use std::sync::Arc;

use chunkscope::storage::Opfs;
use chunkscope_tests::script::{Script, World};
use include_dir::{Dir, include_dir};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

static SCRIPTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scripts");

/// All scripts that need no simulated disk, with their names.
fn scripts() -> Vec<(String, Script)> {
    let files = SCRIPTS.dirs().flat_map(Dir::files);
    let read = files.map(|file| {
        let name = file.path().display().to_string();
        let text = file.contents_utf8().expect("a script is text");
        let script = Script::parse(text).unwrap_or_else(|why| panic!("{name}: {why}"));
        (name, script)
    });
    read.filter(|(_, script)| !script.needs_simulated_disk()).collect()
}

/// Plays a script; the first difference.
async fn play(store: &Arc<Opfs>, script: &Script) -> Option<String> {
    let mut world = World::new(store.clone());
    for block in &script.blocks {
        let mut answer = Vec::new();
        for command in &block.commands {
            match world.answer(command) {
                Ok(text) => answer.extend(text.lines().map(str::to_owned)),
                Err(why) => return Some(why),
            }
            if let Err(error) = store.settle().await {
                return Some(format!("line {}: does not settle: {error}", command.line));
            }
        }
        answer.retain(|line| !line.is_empty());
        if answer != block.answer {
            let (wanted, found) = (block.answer.join("\n"), answer.join("\n"));
            let line = block.commands.first().map_or(0, |command| command.line);
            return Some(format!("from line {line}: expected\n{wanted}\nfound\n{found}"));
        }
    }
    None
}

#[wasm_bindgen_test]
async fn scripts_in_the_storage_of_the_browser() {
    let (mut played, mut problems) = (0, Vec::new());
    for (name, script) in scripts() {
        let place = format!("scripts-{}", name.replace(['/', '.'], "-"));
        let store = Opfs::mount_or_create(&place).await.expect("the browser has room");
        let difference = play(&Arc::new(store), &script).await;
        problems.extend(difference.map(|difference| format!("{name}: {difference}")));
        Opfs::destroy(&place).await.expect("nobody else has it open");
        played += 1;
    }
    assert!(played >= 20, "the scripts are gone");
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
