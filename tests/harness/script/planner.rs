//! Commands about decisions, on sketched blocks: `ranges`, `block`, `plan`, `merge`, `fail`,
//! `retention`.

use std::fmt::Write;

use chunkscope::block::BlockMeta;
use chunkscope::compaction::{PlanOptions, merged_meta, plan};
use chunkscope::retention::{DropReason, RetentionOptions, StoredBlock, Usage, retention};
use chunkscope::types::{BlockId, Timestamp, show_duration};

use super::language::Command;
use super::words::{Answer, time, time_range};

/// A block that is only a description.
#[derive(Debug, Clone)]
struct Sketch {
    name: String,
    meta: BlockMeta,
    bytes: u64,
}

/// A data directory of sketched blocks.
#[derive(Debug, Default)]
pub(super) struct Sketches {
    ranges: Vec<i64>,
    blocks: Vec<Sketch>,
    named: u128,
}

/// A time in scripts of sketches: its distance from 1970.
fn show_time(at: Timestamp) -> String {
    show_duration(at)
}

impl Sketches {
    /// `ranges LENGTH…`: the ladder.
    pub(super) fn ranges(&mut self, command: &Command) -> Answer {
        self.ranges = command.words.iter().map(|word| time(word)).collect::<Result<_, _>>()?;
        Ok(String::new())
    }

    /// `block NAME FROM..TO [series=] [deleted=] [bytes=] [level=] [hint=] [parent=]… [failed]
    /// [deletable]`: a block.
    pub(super) fn block(&mut self, command: &Command) -> Answer {
        command.knows(&["series", "deleted", "bytes", "level", "hint", "parent"])?;
        let (min_time, max_time) = time_range(command.word(1, "a range")?)?;
        self.named += 1;
        let mut meta = BlockMeta { min_time, max_time, ..BlockMeta::default() };
        meta.ulid = BlockId(self.named);
        meta.stats.num_series = command.number_or("series", 1)?;
        meta.stats.num_tombstones = command.number_or("deleted", 0)?;
        meta.compaction.level = command.number_or("level", 1)?;
        meta.compaction.sources = vec![meta.ulid];
        meta.compaction.hints.extend(command.setting("hint").map(str::to_owned));
        for (_, parent) in command.settings.iter().filter(|(key, _)| key == "parent") {
            let parent = self.blocks.iter().find(|block| block.name == *parent);
            let parent = parent.ok_or("a parent that is no block")?.meta.clone();
            meta.compaction.parents.push(chunkscope::block::BlockParent {
                ulid: parent.ulid,
                min_time: parent.min_time,
                max_time: parent.max_time,
            });
        }
        for word in &command.words[2..] {
            match word.as_str() {
                "failed" => meta.compaction.failed = true,
                "deletable" => meta.compaction.deletable = true,
                other => return Err(format!("a block is not {other}")),
            }
        }
        let name = command.words[0].clone();
        self.blocks.push(Sketch { name, meta, bytes: command.number_or("bytes", 0)? });
        Ok(String::new())
    }

    /// `plan`: what is merged next, and what is to be said of every block.
    pub(super) fn plan(&self) -> Answer {
        let plan = plan(&self.metas(), &PlanOptions::new(self.ranges.clone()));
        let mut text = match &plan.next {
            None => "next: nothing to do\n".to_owned(),
            Some(next) => {
                let names = self.names(&next.sources).join(" ");
                format!("next: {names}: {}\n", next.reason.explain(show_time))
            }
        };
        for block in &plan.blocks {
            let range = format!("{}..{}", show_time(block.min_time), show_time(block.max_time));
            let _ = writeln!(text, "{} {range} {}", self.name(block.id), block.explain(show_time));
        }
        for block in &self.blocks {
            text = text.replace(&block.meta.ulid.to_string(), &block.name);
        }
        Ok(text)
    }

    /// `merge [empty]`: does to the sketches what the plan says; `empty` = nothing is left.
    pub(super) fn merge(&mut self, command: &Command) -> Answer {
        let sources = self.planned()?;
        let (merged, left): (Vec<Sketch>, Vec<Sketch>) =
            self.blocks.drain(..).partition(|block| sources.contains(&block.meta.ulid));
        self.blocks = left;
        if command.words.first().is_some_and(|word| word == "empty") {
            let names: Vec<&str> = merged.iter().map(|block| block.name.as_str()).collect();
            return Ok(format!("nothing is left of {}\n", names.join(" ")));
        }
        self.named += 1;
        let mut inputs: Vec<&Sketch> = merged.iter().collect();
        inputs.sort_by_key(|block| sources.iter().position(|id| *id == block.meta.ulid));
        let metas: Vec<&BlockMeta> = inputs.iter().map(|block| &block.meta).collect();
        let mut meta = merged_meta(BlockId(self.named), &metas);
        meta.stats.num_series = metas.iter().map(|meta| meta.stats.num_series).max().unwrap_or(0);
        let names: Vec<&str> = inputs.iter().map(|block| block.name.as_str()).collect();
        let block = Sketch {
            name: if names.len() == 1 { format!("{}'", names[0]) } else { names.join("+") },
            bytes: inputs.iter().map(|block| block.bytes).sum(),
            meta,
        };
        let range =
            format!("{}..{}", show_time(block.meta.min_time), show_time(block.meta.max_time));
        let text = format!("{} {range} level {}\n", block.name, block.meta.compaction.level);
        self.blocks.push(block);
        Ok(text)
    }

    /// `fail`: the merge that the plan says does not succeed.
    pub(super) fn fail(&mut self) -> Answer {
        let sources = self.planned()?;
        for block in self.blocks.iter_mut().filter(|block| sources.contains(&block.meta.ulid)) {
            block.meta.compaction.failed = true;
        }
        Ok(String::new())
    }

    /// `retention [time=] [size=] [percentage=] [head=] [capacity=]`: what goes, newest first.
    pub(super) fn retention(&self, command: &Command) -> Answer {
        command.knows(&["time", "size", "percentage", "head", "capacity"])?;
        let options = RetentionOptions {
            time: command.setting("time").map(time).transpose()?,
            size: Some(command.number_or("size", 0)?),
            percentage: Some(command.number_or("percentage", 0.0)?),
        };
        let usage = Usage {
            head_bytes: command.number_or("head", 0)?,
            capacity: Some(command.number_or("capacity", 0)?),
        };
        let stored = self.blocks.iter();
        let stored: Vec<StoredBlock<'_>> =
            stored.map(|block| StoredBlock { meta: &block.meta, bytes: block.bytes }).collect();
        let mut text = String::new();
        for block in retention(&stored, usage, &options).blocks {
            let why: Vec<String> = block.reasons.iter().map(|reason| self.why(reason)).collect();
            let fate =
                if why.is_empty() { "stays".into() } else { format!("goes: {}", why.join("; ")) };
            let end = show_time(block.max_time);
            let _ = writeln!(text, "{} ends {end}, sum {}: {fate}", self.name(block.id), block.sum);
        }
        Ok(text)
    }

    fn why(&self, reason: &DropReason) -> String {
        match reason {
            DropReason::Replaced { by } => format!("replaced by {}", self.name(*by)),
            reason => reason.explain(),
        }
    }

    fn planned(&self) -> Result<Vec<BlockId>, String> {
        let plan = plan(&self.metas(), &PlanOptions::new(self.ranges.clone()));
        plan.next.map(|next| next.sources).ok_or_else(|| "nothing to do".to_owned())
    }

    fn metas(&self) -> Vec<BlockMeta> {
        self.blocks.iter().map(|block| block.meta.clone()).collect()
    }

    fn name(&self, id: BlockId) -> &str {
        let block = self.blocks.iter().find(|block| block.meta.ulid == id);
        block.map_or("?", |block| &block.name)
    }

    fn names(&self, ids: &[BlockId]) -> Vec<&str> {
        ids.iter().map(|id| self.name(*id)).collect()
    }
}
