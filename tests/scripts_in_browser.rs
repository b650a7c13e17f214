//! The golden scripts of `scripts/` in a browser's worker, on a store of the browser's own file
//! storage: the same answers as on a simulated disk, letter by letter.
//!
//! An answer counts only when the store has settled. After a crash it is mounted again as it was
//! left, unsettled; after a clean end it is mounted again, too. What needs a power loss or a full
//! disk is left to the simulated one: nobody can pull the plug of a browser.
//!
//! `cargo test -p chunkscope-tests --test scripts_in_browser --target wasm32-unknown-unknown`
#![cfg(target_arch = "wasm32")]

use std::sync::Arc;

use chunkscope::storage::{Memory, Opfs};
use chunkscope_tests::script::{Script, World, answer_lines, first_difference};
use include_dir::{Dir, include_dir};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

static SCRIPTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scripts");

/// Those that lose power or fill the disk, as only a simulated one can.
const OF_THE_SIMULATED_DISK: [&str; 2] = ["db/full_disk.script", "head/power.script"];

/// The store that is played in.
const STORE: &str = "scripts";

/// All scripts, by their path below `scripts/`, and their text.
fn scripts() -> Vec<(&'static str, &'static str)> {
    let files = SCRIPTS.dirs().flat_map(Dir::files);
    let mut found: Vec<(&str, &str)> = files
        .map(|file| {
            let path = file.path().to_str().expect("names of scripts are UTF-8");
            (path, file.contents_utf8().expect("scripts are UTF-8"))
        })
        .collect();
    found.sort_unstable();
    found
}

fn needs_simulated_disk(script: &Script) -> bool {
    script.commands().any(|command| match command.name.as_str() {
        "crash" => command.words == ["power"],
        name => name == "space",
    })
}

/// A script that is being played.
struct Play {
    world: World,
    store: Arc<Opfs>,
}

impl Play {
    async fn begin() -> Self {
        Opfs::destroy(STORE).await.expect("nobody else has it open");
        let store = mount().await;
        Self { world: World::in_store(store.clone()), store }
    }

    /// Runs a whole script; gives it with the answers of this run.
    async fn play(mut self, script: &Script) -> Result<Script, String> {
        let mut played = script.clone();
        for block in &mut played.blocks {
            block.answer.clear();
            for command in &block.commands {
                let answer = self.world.answer(command)?;
                let is_crash = command.name == "crash";
                if !is_crash {
                    self.store.settle().await.map_err(|error| error.to_string())?;
                }
                if is_crash || command.name.starts_with("close") && self.world.is_idle() {
                    self = self.mount_again().await;
                }
                block.answer.extend(answer_lines(&answer));
            }
        }
        Ok(played)
    }

    /// As a new tab finds it.
    async fn mount_again(self) -> Self {
        let Self { mut world, store } = self;
        world.mount(Arc::new(Memory::default()));
        assert_eq!(Arc::strong_count(&store), 1, "something holds on to the store");
        drop(store);
        let store = mount().await;
        world.mount(store.clone());
        Self { world, store }
    }
}

async fn mount() -> Arc<Opfs> {
    Arc::new(Opfs::mount_or_create(STORE).await.expect("the browser has room"))
}

#[wasm_bindgen_test]
async fn scripts_in_the_storage_of_the_browser() {
    let mut left_out = Vec::new();
    let mut problems = Vec::new();
    for (name, text) in scripts() {
        let script = Script::parse(text).expect("the native tests read it");
        if needs_simulated_disk(&script) {
            left_out.push(name);
            continue;
        }
        match Play::begin().await.play(&script).await {
            Err(why) => problems.push(format!("{name}: {why}")),
            Ok(played) => {
                let difference = first_difference(text, &played.write());
                problems.extend(difference.map(|difference| format!("{name}: {difference}")));
            }
        }
    }
    assert_eq!(left_out, OF_THE_SIMULATED_DISK);
    assert!(scripts().len() >= 30, "the scripts are gone");
    Opfs::destroy(STORE).await.expect("nobody else has it open");
    assert!(problems.is_empty(), "in a store:\n{}", problems.join("\n"));
}
