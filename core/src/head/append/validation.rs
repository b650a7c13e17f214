//! Whether a histogram is consistent: upstream's checks and texts, before anything else is asked.

use super::error::AppendError;
use crate::types::{Buckets, Histogram, Span};

const NEGATIVE_COUNT: &str = "histogram has a bucket whose observation count is negative";
const NEGATIVE_OFFSET: &str = "histogram has a span whose offset is negative";
const BUCKETS_MISMATCH: &str = "histogram spans specify different number of buckets than provided";

/// Why a histogram is refused: a sentence.
type Sentence = Box<str>;

/// Refuses a histogram that contradicts itself.
pub(super) fn validate(histogram: &Histogram) -> Result<(), AppendError> {
    check(histogram).map_err(AppendError::InvalidHistogram)
}

fn check(own: &Histogram) -> Result<(), Sentence> {
    let (positive, negative) = match &own.buckets {
        Buckets::Integer { positive, negative, .. } => (positive.len(), negative.len()),
        Buckets::Float { positive, negative, .. } => (positive.len(), negative.len()),
    };
    if own.has_custom_buckets() {
        custom_bounds(own, positive).map_err(|why| format!("custom buckets: {why}"))?;
        let zero = match own.buckets {
            Buckets::Integer { zero_count, .. } => zero_count == 0,
            Buckets::Float { zero_count, .. } => zero_count == 0.0,
        };
        let rules = [
            (zero, "must have zero count of 0"),
            (own.zero_threshold == 0.0, "must have zero threshold of 0"),
            (own.negative_spans.is_empty(), "must not have negative spans"),
            (negative == 0, "must not have negative buckets"),
        ];
        if let Some((_, what)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(format!("custom buckets: {what}").into());
        }
    } else if (-4..=8).contains(&own.schema) {
        spans(&own.positive_spans, positive).map_err(|why| on_side("positive", &why))?;
        spans(&own.negative_spans, negative).map_err(|why| on_side("negative", &why))?;
    } else {
        let allowed = "between -4 and 8 for exponential buckets, or -53 for custom buckets";
        let what = format!("histogram has an invalid schema, which must be {allowed}");
        return Err(format!("{what}, got schema {}", own.schema).into());
    }
    let total = counts(own)?;
    if !own.has_custom_buckets() && !own.custom_values.is_empty() {
        return Err("histogram with exponential schema must not have custom bounds".into());
    }
    match &own.buckets {
        Buckets::Integer { count, .. } => sum_of_buckets(own.sum, total, *count),
        Buckets::Float { .. } => Ok(()),
    }
}

fn on_side(side: &str, why: &str) -> Sentence {
    format!("{side} side: {why}").into()
}

/// Spans reach forwards, and hold as many buckets as there are.
fn spans(spans: &[Span], buckets: usize) -> Result<(), String> {
    let backwards = spans.iter().enumerate().skip(1).find(|(_, span)| span.offset < 0);
    if let Some((index, span)) = backwards {
        return Err(negative_offset(index, *span));
    }
    bucket_number(spans, buckets)
}

fn negative_offset(index: usize, span: Span) -> String {
    format!("span number {} with offset {}: {NEGATIVE_OFFSET}", index + 1, span.offset)
}

fn bucket_number(spans: &[Span], buckets: usize) -> Result<(), String> {
    let needed: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    if needed != buckets as u64 {
        let what = format!("spans need {needed} buckets, have {buckets} buckets");
        return Err(format!("{what}: {BUCKETS_MISMATCH}"));
    }
    Ok(())
}

/// Bounds ascend, end before infinity, and there is one for every bucket but the last.
fn custom_bounds(own: &Histogram, buckets: usize) -> Result<(), String> {
    let mut previous = f64::NEG_INFINITY;
    for bound in own.custom_values.iter() {
        if *bound <= previous {
            return Err(format!(
                "previous bound is {previous:.6} and current is {bound:.6}: \
                 histogram custom bounds must be in strictly increasing order"
            ));
        }
        previous = *bound;
    }
    if previous == f64::INFINITY {
        return Err("last +Inf bound must not be explicitly defined: \
                    histogram custom bounds must be finite"
            .to_owned());
    }
    let backwards = own.positive_spans.iter().enumerate().find(|(_, span)| span.offset < 0);
    if let Some((index, span)) = backwards {
        return Err(negative_offset(index, *span));
    }
    bucket_number(&own.positive_spans, buckets)?;
    let reach: u64 = own
        .positive_spans
        .iter()
        .map(|span| u64::from(span.offset.unsigned_abs()) + u64::from(span.length))
        .sum();
    let bounds = own.custom_values.len();
    if (bounds as u64) + 1 < reach {
        return Err(format!(
            "only {bounds} custom bounds defined which is insufficient to cover total span length \
             of {reach}: histogram custom bounds are too few"
        ));
    }
    Ok(())
}

/// No bucket has fewer than no observations. The observations in all buckets of an integer
/// histogram.
fn counts(own: &Histogram) -> Result<u64, Sentence> {
    match &own.buckets {
        Buckets::Integer { zero_count, positive, negative, .. } => {
            let mut total = *zero_count;
            for (side, deltas) in [("negative", negative), ("positive", positive)] {
                let mut bucket = 0i64;
                for (index, delta) in deltas.iter().enumerate() {
                    bucket = bucket.wrapping_add(*delta);
                    if bucket < 0 {
                        return Err(on_side(side, &negative_count(index, &bucket)));
                    }
                    total = total.wrapping_add(bucket as u64);
                }
            }
            Ok(total)
        }
        Buckets::Float { positive, negative, .. } => {
            for (side, counts) in [("negative", negative), ("positive", positive)] {
                if let Some(index) = counts.iter().position(|count| *count < 0.0) {
                    return Err(on_side(side, &negative_count(index, &counts[index])));
                }
            }
            Ok(0)
        }
    }
}

fn negative_count(index: usize, count: &dyn std::fmt::Display) -> String {
    format!("bucket number {} has observation count of {count}: {NEGATIVE_COUNT}", index + 1)
}

/// The count is that of the buckets. Observations of NaN are in no bucket.
fn sum_of_buckets(sum: f64, found: u64, count: u64) -> Result<(), Sentence> {
    let what = format!("{found} observations found in buckets, but the Count field is {count}");
    if sum.is_nan() && found > count {
        return Err(format!(
            "{what}: histogram's observation count should be at least the number of observations \
             found in the buckets"
        )
        .into());
    }
    if !sum.is_nan() && found != count {
        return Err(format!(
            "{what}: histogram's observation count should equal the number of observations found \
             in the buckets (in absence of NaN)"
        )
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three observations: two in a bucket, one in the next.
    fn integer() -> Histogram {
        Histogram {
            sum: 4.5,
            positive_spans: [Span { offset: -1, length: 2 }].into(),
            buckets: Buckets::Integer {
                count: 3,
                zero_count: 0,
                positive: vec![2, -1],
                negative: Vec::new(),
            },
            ..Histogram::stale(false)
        }
    }

    fn custom(bounds: &[f64], spans: &[Span], counts: &[f64]) -> Histogram {
        Histogram {
            schema: -53,
            custom_values: bounds.into(),
            positive_spans: spans.into(),
            buckets: Buckets::Float {
                count: 0.0,
                zero_count: 0.0,
                positive: counts.to_vec(),
                negative: Vec::new(),
            },
            ..integer()
        }
    }

    #[test]
    fn sound_histograms_and_stale_markers_pass() {
        let span = |offset, length| Span { offset, length };
        for sound in [
            integer(),
            Histogram::stale(false),
            Histogram::stale(true),
            custom(&[1.0, 2.0], &[span(0, 1), span(1, 1)], &[1.0, 2.0]),
            custom(&[], &[span(0, 1)], &[1.0]),
        ] {
            assert_eq!(validate(&sound), Ok(()), "{sound:?}");
        }
    }

    #[test]
    fn each_contradiction_has_its_sentence() {
        let span = |offset, length| Span { offset, length };
        let spans = |spans: &[Span]| Histogram { positive_spans: spans.into(), ..integer() };
        let counted = |count, positive: &[i64]| Histogram {
            buckets: Buckets::Integer {
                count,
                zero_count: 0,
                positive: positive.to_vec(),
                negative: Vec::new(),
            },
            ..integer()
        };
        for (histogram, part) in [
            (Histogram { schema: 9, ..integer() }, "got schema 9"),
            (Histogram { schema: -5, ..integer() }, "got schema -5"),
            (spans(&[span(0, 1)]), "positive side: spans need 1 buckets, have 2 buckets"),
            (spans(&[span(0, 1), span(-1, 1)]), "span number 2 with offset -1"),
            (counted(3, &[2, -3]), "bucket number 2 has observation count of -1"),
            (counted(4, &[2, -1]), "3 observations found in buckets, but the Count field is 4"),
            (Histogram { sum: f64::NAN, ..counted(2, &[2, -1]) }, "should be at least"),
            (Histogram { custom_values: [1.0].into(), ..integer() }, "must not have custom bounds"),
            (custom(&[1.0, 1.0], &[], &[]), "strictly increasing"),
            (custom(&[f64::INFINITY], &[], &[]), "must be finite"),
            (custom(&[], &[span(0, 2)], &[1.0, 1.0]), "only 0 custom bounds"),
            (custom(&[], &[span(-1, 1)], &[1.0]), "span number 1 with offset -1"),
            (custom(&[], &[span(0, 1)], &[-1.0]), "positive side: bucket number 1"),
            (Histogram { zero_threshold: 0.5, ..custom(&[], &[], &[]) }, "zero threshold of 0"),
        ] {
            let error = validate(&histogram).unwrap_err().to_string();
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
        assert_eq!(validate(&Histogram { sum: f64::NAN, ..counted(9, &[2, -1]) }), Ok(()));
    }
}
