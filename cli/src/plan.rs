//! `chunkscope plan`: which blocks would be merged next, and why.

use std::io::{BufWriter, Write};

use chunkscope::compaction::{BlockPlan, PlanOptions, block_ranges};
use chunkscope::db;
use serde_json::{Value, json};

use crate::args::Plan;
use crate::times::show_time;
use crate::{CommandResult, Outcome, opening, table};

/// Writes the decision, then every block with what the planner says of it.
pub(crate) fn run(arguments: &Plan) -> CommandResult {
    let db = opening::open_blocks(&arguments.open)?;
    let ranges = block_ranges(arguments.min_block_duration, arguments.max_block_duration);
    let plan = db::plan_of(&db, &PlanOptions::new(ranges.clone()));
    let obstacles = db::planning_obstacles(&db)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if arguments.json {
        let why = |block: &BlockPlan| {
            let mut value = json!(block);
            value["why"] = Value::from(block.explain(show_time));
            value
        };
        let next = plan.next.as_ref().map(|next| {
            let mut value = json!(next);
            value["why"] = Value::from(next.reason.explain(show_time));
            value
        });
        let blocks: Vec<Value> = plan.blocks.iter().map(why).collect();
        let report =
            json!({"ranges": ranges, "next": next, "blocks": blocks, "obstacles": obstacles});
        serde_json::to_writer(&mut out, &report)?;
        writeln!(out)?;
    } else {
        match &plan.next {
            Some(next) => {
                let (from, to) = (show_time(next.min_time), show_time(next.max_time));
                let count = match next.sources.len() {
                    1 => "rewrite 1 block".to_owned(),
                    count => format!("merge {count} blocks"),
                };
                let why = next.reason.explain(show_time);
                writeln!(out, "next: {count}, {from} to {to}: {why}\n")?;
            }
            None => writeln!(out, "next: nothing to do\n")?,
        }
        let row = |block: &BlockPlan| {
            let (from, to) = (show_time(block.min_time), show_time(block.max_time));
            vec![block.id.to_string(), from, to, block.explain(show_time)]
        };
        let rows: Vec<table::Row> = plan.blocks.iter().map(row).collect();
        table::write(&mut out, &["block", "from", "to (excl.)", "what and why"], &rows)?;
    }
    out.flush()?;
    for directory in &obstacles {
        let _ = writeln!(
            std::io::stderr(),
            "chunkscope: {directory}/meta.json cannot be used: Prometheus compacts nothing while \
             the directory is there; this is the plan without it",
        );
    }
    Ok(if obstacles.is_empty() { Outcome::Fine } else { Outcome::Findings })
}
