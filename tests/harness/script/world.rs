//! The world of a script: a storage, and what the commands have begun on it.

use std::sync::Arc;

use chunkscope::clock::VirtualClock;
use chunkscope::db::{Open, OpenOptions};
use chunkscope::event::{Event, Job};
use chunkscope::query::Queryable;
use chunkscope::storage::Storage;
use chunkscope::storage::crash::{PowerLoss, SimulatedDisk};
use chunkscope::types::{BlockId, TimeRange};
use chunkscope::wal::LogWriter;

use super::blocks;
use super::checkpoint::checkpoint;
use super::chunk::Chunk;
use super::database::Database;
use super::head::{OpenHead, describe};
use super::ingest::Ingest;
use super::language::{Command, Script, answer_lines};
use super::log;
use super::mapped::chunks;
use super::planner::Sketches;
use super::records::records;
use super::repair;
use super::select::select;
use super::settings::Settings;
use super::stored;
use super::words::{Answer, time};

/// What a script acts on.
#[derive(Debug)]
pub struct World {
    storage: Arc<dyn Storage>,
    /// The same, where it can lose power.
    disk: Option<SimulatedDisk>,
    /// It forgets what has not settled, when it is mounted again.
    settles: bool,
    clock: Arc<VirtualClock>,
    settings: Settings,
    head: Option<OpenHead>,
    db: Option<Database>,
    /// Told by what is not open any more, or never was.
    told: Vec<Event>,
    chunk: Option<Chunk>,
    log: Option<LogWriter>,
    sketches: Sketches,
    /// The blocks whose names were shown, as `block-1`, `block-2`, …
    shown: Vec<BlockId>,
}

impl World {
    /// A world in which nothing has happened yet. `storage` is empty.
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self {
            storage,
            disk: None,
            settles: false,
            clock: Arc::new(VirtualClock::new(0, 1)),
            settings: Settings::default(),
            head: None,
            db: None,
            told: Vec::new(),
            chunk: None,
            log: None,
            sketches: Sketches::default(),
            shown: Vec::new(),
        }
    }

    /// A world on a disk that can lose power.
    #[must_use]
    pub fn on_disk(disk: SimulatedDisk) -> Self {
        Self { disk: Some(disk.clone()), ..Self::new(Arc::new(disk)) }
    }

    /// A world in a store of a browser. Whoever plays the script lets the store settle before an
    /// answer counts, and mounts it again after a crash, when it has not settled.
    #[must_use]
    pub fn in_store(store: Arc<dyn Storage>) -> Self {
        Self { settles: true, ..Self::new(store) }
    }

    /// Whether nothing is open that holds on to the storage.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.head.is_none() && self.db.is_none() && self.log.is_none()
    }

    /// Goes on with `storage`; the one before is let go.
    pub fn mount(&mut self, storage: Arc<dyn Storage>) {
        self.storage = storage;
    }

    /// Runs a whole script; gives it with the answers of this run.
    ///
    /// # Errors
    /// A command failed that was not to fail, or did not fail that was to.
    pub fn play(&mut self, script: &Script) -> Result<Script, String> {
        let mut script = script.clone();
        for block in &mut script.blocks {
            block.answer.clear();
            for command in &block.commands {
                let answer = self.answer(command)?;
                block.answer.extend(answer_lines(&answer));
            }
        }
        Ok(script)
    }

    /// Runs one command; gives what it answers, with short names for blocks.
    ///
    /// # Errors
    /// As [`World::play`].
    pub fn answer(&mut self, command: &Command) -> Result<String, String> {
        let full = self.with_full_names(command);
        let answer = match (self.run(&full), command.fails) {
            (Ok(answer), false) => answer,
            (Err(why), true) => format!("error: {why}\n"),
            (Ok(_), true) => return Err(format!("line {}: does not fail", command.line)),
            (Err(why), false) => return Err(format!("line {}: {why}", command.line)),
        };
        let answer = self.events(command) + &answer;
        Ok(if command.silent { String::new() } else { self.with_short_names(&answer) })
    }

    /// What was told while the command ran, where it asks for it.
    fn events(&mut self, command: &Command) -> String {
        let mut told = std::mem::take(&mut self.told);
        told.extend(self.head.as_mut().map(OpenHead::events).unwrap_or_default());
        told.extend(self.db.as_mut().map(Database::events).unwrap_or_default());
        let told = told.iter().filter(|_| command.has_tag("events"));
        told.map(|event| format!("{event}\n")).collect()
    }

    fn run(&mut self, command: &Command) -> Answer {
        match command.name.as_str() {
            "ls" => stored::ls(&*self.storage, command),
            "hex" => stored::hex(&*self.storage, command),
            "show" => stored::show(&*self.storage, command),
            "records" => records(&*self.storage, command),
            "flip" => stored::flip(&*self.storage, command),
            "shorten" => stored::shorten(&*self.storage, command),
            "chunks" => chunks(&*self.storage, command),
            "rehearse" => repair::rehearsal(&self.storage, command),
            "repair" => repair::act(&self.storage, command),
            "checkpoint" => checkpoint(&self.storage, command),
            "write-block" => blocks::write(&self.storage, &*self.clock, command),
            "merge-blocks" => blocks::merge(&self.storage, &*self.clock, command),
            "contents" => blocks::contents(&self.storage, command),
            "chunk" => {
                self.chunk = Some(Chunk::begin(command)?);
                Ok(String::new())
            }
            "sample" => self.chunk()?.sample(command),
            "samples" => self.chunk()?.samples(command),
            "bytes" => self.chunk()?.bytes(),
            "log" => {
                self.log = Some(log::open(&self.storage, command)?);
                Ok(String::new())
            }
            "record" => log::record(self.log()?, command),
            "long" => log::long(self.log()?, command),
            "next-segment" => done(self.log()?.next_segment()),
            "close-log" => match self.log.take() {
                Some(log) => done(log.close()),
                None => Err("no log is open".into()),
            },
            "ranges" => self.sketches.ranges(command),
            "block" => self.sketches.block(command),
            "plan" => match &self.db {
                Some(db) => Ok(db.plan()),
                None => self.sketches.plan(),
            },
            "merge" => self.sketches.merge(command),
            "fail" => self.sketches.fail(),
            "retention" => self.sketches.retention(command),
            _ => self.run_open(command),
        }
    }

    /// Commands about what is open, or is to be opened.
    fn run_open(&mut self, command: &Command) -> Answer {
        match command.name.as_str() {
            "advance" => {
                self.clock.advance(time(command.word(0, "a length of time")?)?);
                Ok(String::new())
            }
            "space" => self.space(command),
            "options" => self.settings.set(command),
            "open-head" => {
                self.head = Some(OpenHead::open(&self.storage, &self.settings, &self.clock)?);
                Ok(String::new())
            }
            "open" => self.open(command),
            "append" => self.ingest()?.append(command),
            "append-histogram" => self.ingest()?.append_histogram(command),
            "fill" => self.ingest()?.fill(command),
            "commit" => self.ingest()?.commit(),
            "rollback" => self.ingest()?.rollback(),
            "map" => self.head()?.map(),
            "truncate" => self.head()?.truncate(command),
            "delete" => match &mut self.db {
                Some(db) => db.delete(command),
                None => self.head()?.delete(command),
            },
            "head" => match self.db.as_ref().and_then(|open| open.db.view().head()) {
                Some(head) => Ok(describe(head)),
                None => self.head()?.describe(),
            },
            "upkeep" => self.db()?.upkeep(command),
            "clean-tombstones" => self.db()?.clean(),
            "snapshot" => self.db()?.snapshot(command),
            "blocks" => self.db()?.blocks(),
            "close" => self.close(),
            "crash" => self.crash(command),
            "select" => self.select(command),
            other => Err(format!("no command {other}")),
        }
    }

    fn open(&mut self, command: &Command) -> Answer {
        match Database::open(&self.storage, &self.clock, &self.settings, command) {
            Ok(db) => self.db = Some(db),
            Err((told, why)) => {
                self.told = told;
                return Err(why);
            }
        }
        Ok(String::new())
    }

    fn close(&mut self) -> Answer {
        if let Some(db) = self.db.take() {
            self.told = db.close()?;
            return Ok(String::new());
        }
        self.head.take().ok_or("nothing is open")?.close()
    }

    fn db(&mut self) -> Result<&mut Database, String> {
        self.db.as_mut().ok_or_else(|| "no database is open".to_owned())
    }

    fn ingest(&mut self) -> Result<&mut dyn Ingest, String> {
        match (&mut self.db, &mut self.head) {
            (Some(db), _) => Ok(db),
            (None, Some(head)) => Ok(head),
            (None, None) => Err("nothing is open".into()),
        }
    }

    fn head(&mut self) -> Result<&mut OpenHead, String> {
        self.head.as_mut().ok_or_else(|| "no head is open".to_owned())
    }

    /// `crash`: the process ends, between two steps. `crash midway`: in the middle of one, whose
    /// files are left as they are. `crash power`: and the disk keeps only what was made durable.
    fn crash(&mut self, command: &Command) -> Answer {
        let how = command.words.first().map_or("", String::as_str);
        // What a simulated disk holds now is what is left: the old process tidies up in vain.
        let left = match (&self.disk, how) {
            (Some(disk), "power") => Some(disk.lose_power(&PowerLoss::WORST)),
            (Some(disk), _) => Some(disk.end_process()),
            (None, "") => None,
            (None, "midway") if self.settles => None,
            (None, how) => return Err(format!("only a simulated disk can crash {how}")),
        };
        (self.head, self.db, self.log) = (None, None, None);
        if let Some(left) = left {
            (self.storage, self.disk) = (Arc::new(left.clone()), Some(left));
        }
        Ok(String::new())
    }

    /// `space BYTES`: so many more bytes fit on the disk. `space unlimited`: as before.
    fn space(&self, command: &Command) -> Answer {
        let disk = self.disk.as_ref().ok_or("only a simulated disk can be full")?;
        disk.leave_space(match command.word(0, "a number of bytes")? {
            "unlimited" => None,
            bytes => Some(bytes.parse().map_err(|_| "space takes a number of bytes")?),
        });
        Ok(String::new())
    }

    /// From the open head, or from what a directory shows that is opened to read.
    fn select(&self, command: &Command) -> Answer {
        if let Some(open) = &self.db {
            return select(&open.db.view().sources(TimeRange::ALL), command);
        }
        if let Some(open) = &self.head {
            return select(&[&open.head as &dyn Queryable], command);
        }
        let db = Open::new(Arc::clone(&self.storage), OpenOptions::default()).run();
        let db = db.map_err(|error| error.to_string())?;
        select(&db.sources(TimeRange::ALL), command)
    }

    fn chunk(&mut self) -> Result<&mut Chunk, String> {
        self.chunk.as_mut().ok_or_else(|| "no chunk was begun".to_owned())
    }

    fn log(&mut self) -> Result<&mut LogWriter, String> {
        self.log.as_mut().ok_or_else(|| "no log is open".to_owned())
    }

    /// The names of blocks hold their time and chance: scripts say `block-1` instead.
    fn with_short_names(&mut self, text: &str) -> String {
        let mut short = String::with_capacity(text.len());
        for part in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            match word.parse::<BlockId>().ok().filter(|id| *id != BlockId::ZERO) {
                Some(id) => {
                    let known = self.shown.iter().position(|own| *own == id);
                    let number = known.unwrap_or_else(|| {
                        self.shown.push(id);
                        self.shown.len() - 1
                    });
                    short.push_str(&format!("block-{}{}", number + 1, &part[word.len()..]));
                }
                None => short.push_str(part),
            }
        }
        short.replace("block block-", "block-")
    }

    /// The other way round, for the words of a command.
    fn with_full_names(&self, command: &Command) -> Command {
        let mut command = command.clone();
        for word in &mut command.words {
            // From the highest number on, so that block-1 does not hit block-12.
            for (at, id) in self.shown.iter().enumerate().rev() {
                *word = word.replace(&format!("block-{}", at + 1), &id.to_string());
            }
        }
        command
    }
}

fn done(result: chunkscope::error::Result<()>) -> Answer {
    result.map(|()| String::new()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chunkscope::storage::Memory;

    #[test]
    fn blocks_have_short_names() {
        let mut world = World::new(Arc::new(Memory::default()));
        let ids = ["01M7WAT5DZ2WEG7YN6GFHZQ5WM", "01M7WAT5EPKP2SX3QMXXE7TW2X"];
        let text = format!("{}/index of {} and {}", ids[1], ids[0], ids[1]);
        assert_eq!(world.with_short_names(&text), "block-1/index of block-2 and block-1");
        let command = Command { words: vec!["block-2/index".into()], ..Command::default() };
        assert_eq!(world.with_full_names(&command).words, [format!("{}/index", ids[0])]);
    }

    #[test]
    fn what_is_to_fail_has_to() {
        let play = |text: &str| {
            let script = Script::parse(text).unwrap();
            World::new(Arc::new(Memory::default())).play(&script).map(|script| script.write())
        };
        assert!(play("hex nowhere\n---\n").unwrap_err().starts_with("line 1: "));
        assert!(play("! hex nowhere\n---\n").unwrap().contains("error: "));
        assert_eq!(play("! ls\n---\n").unwrap_err(), "line 1: does not fail");
        assert_eq!(play("dance\n---\n").unwrap_err(), "line 1: no command dance");
        assert_eq!(play("(ls)\n---\nold\n").unwrap(), "(ls)\n---\n");
    }
}
