//! The directory in a sentence. Pure.

use chunkscope::types::TimeRange;

use super::model::length;
use crate::format::{duration, plural, ratio};
use crate::protocol::{Overview, Severity};

/// A part of the sentence above the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    /// The words.
    pub(super) words: String,
    /// Where it leads.
    pub(super) leads_to: Lead,
}

/// Where a part of the sentence leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lead {
    /// Nowhere: plain words.
    Nowhere,
    /// To these times, one click each.
    Times(Vec<TimeRange>),
    /// To the findings.
    Findings,
}

/// The directory in a sentence: `2d 6h of samples: 31 blocks of 4 levels and a head of 24 series,
/// 3 overlaps, 2 gaps; 1.31 bytes/sample`.
pub(super) fn sentence(overview: &Overview) -> Vec<Phrase> {
    let plain = |words: String| Phrase { words, leads_to: Lead::Nowhere };
    let mut levels: Vec<u32> = overview.blocks.iter().map(|block| block.level).collect();
    levels.sort_unstable();
    levels.dedup();
    let count = overview.blocks.len() as u64;
    let mut parts = Vec::new();
    if count > 0 {
        parts.push(plain(plural(count, "block", "blocks")));
        parts.push(plain(plural(levels.len() as u64, "level", "levels")));
    }
    if let Some(head) = &overview.head {
        parts.push(plain(format!("a head of {}", plural(head.series, "series", "series"))));
    }
    let times = |times: Vec<TimeRange>, one, many| {
        let words = plural(times.len() as u64, one, many);
        (!times.is_empty()).then_some(Phrase { words, leads_to: Lead::Times(times) })
    };
    let overlaps = overview.overlaps.iter().map(|own| own.time).collect();
    parts.extend(times(overlaps, "overlap", "overlaps"));
    let gaps = overview.gaps.iter().map(|own| own.time).collect();
    parts.extend(times(gaps, "gap", "gaps"));
    let damage = overview.findings.iter().filter(|own| own.severity == Severity::Damage).count();
    if damage > 0 {
        let words = format!("⚠ {}", plural(damage as u64, "damaged place", "damaged places"));
        parts.push(Phrase { words, leads_to: Lead::Findings });
    }
    let start = match overview.time {
        Some(time) => format!("{} of samples: ", duration(length(time))),
        None => "No samples".into(),
    };
    let mut phrases = vec![plain(start)];
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            phrases.push(plain(", ".into()));
        }
        phrases.push(part);
    }
    let totals = &overview.totals;
    if let Some(each) = ratio(totals.blocks.chunks, totals.block_samples) {
        phrases.push(plain(format!("; {each} bytes/sample")));
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::overview;
    use super::*;

    #[test]
    fn the_sentence_counts_and_leads_to_gaps_and_overlaps() {
        let phrases = sentence(&overview());
        let words: String = phrases.iter().map(|phrase| phrase.words.as_str()).collect();
        assert_eq!(
            words.replace('\u{a0}', " "),
            "6h of samples: 3 blocks, 2 levels, a head of 3 series, 1 overlap, 1 gap; \
             1.31 bytes/sample"
        );
        assert_eq!(phrases.iter().filter(|phrase| phrase.leads_to != Lead::Nowhere).count(), 2);
        assert_eq!(sentence(&Overview::default())[0].words, "No samples");
    }
}
