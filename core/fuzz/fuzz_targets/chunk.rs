//! A chunk of any encoding: the first byte names it. What it holds is encoded and decoded again.
#![no_main]

use chunkscope::chunk::{Encoding, decode, decode_traced, num_samples, reencode};
use chunkscope::encoding::FieldTree;
use chunkscope::types::{Histogram, Samples};
use chunkscope_fuzz::{assert_same, check_error};
use libfuzzer_sys::fuzz_target;

/// What a histogram says, in whatever layout: one line of text.
fn said(histogram: &Histogram) -> String {
    if histogram.is_stale() {
        return format!("stale {}", histogram.is_float());
    }
    let Histogram { schema, zero_threshold, sum, custom_values, .. } = histogram;
    let buckets = histogram.bounded_buckets();
    let sum = sum.to_bits();
    let float = histogram.is_float();
    format!("{float} {schema} {zero_threshold} {sum:x} {custom_values:?} {buckets:?}")
}

/// Encodes what was decoded: nothing of it may change.
fn again(encoding: Encoding, samples: &Samples) {
    let ascends = |times: &[i64]| times.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascends(&samples.floats.times) || !ascends(&samples.histograms.times) {
        return; // no writer makes such
    }
    let mut read = Samples::default();
    for chunk in reencode(encoding, samples) {
        assert_eq!(num_samples(chunk.encoding, &chunk.bytes), Ok(chunk.num_samples));
        decode(chunk.encoding, &chunk.bytes, &mut read).expect("our own chunk");
    }
    let starts = |samples: &Samples| -> Vec<(i64, i64)> {
        let floats = (0..samples.floats.len()).map(|at| samples.floats.start_time(at));
        let histograms = (0..samples.histograms.len()).map(|at| samples.histograms.start_time(at));
        floats.map(|time| (0, time)).chain(histograms.map(|time| (1, time))).collect()
    };
    let bits = |samples: &Samples| -> Vec<u64> {
        samples.floats.values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(read.floats.times, samples.floats.times);
    assert_eq!(bits(&read), bits(samples));
    assert_eq!(read.histograms.times, samples.histograms.times);
    assert_eq!(starts(&read), starts(samples));
    for (own, other) in read.histograms.values.iter().zip(&samples.histograms.values) {
        assert_eq!(said(own), said(other), "{own:?}\n{other:?}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, data)) = bytes.split_first() else { return };
    let Some(encoding) = Encoding::from_byte(*first) else { return };
    let (mut plain, mut traced) = (Samples::default(), Samples::default());
    let outcome = decode(encoding, data, &mut plain);
    let mut tree = FieldTree::with_limit(1000);
    let second = decode_traced(encoding, data, 0, &mut tree, &mut traced);
    let _ = tree.finish("chunk");
    assert_eq!(outcome, second);
    assert_same(&plain, &traced);
    let told = num_samples(encoding, data).map_or(0, usize::from);
    match outcome {
        Ok(()) => {
            assert_eq!(plain.len(), told);
            if told <= 2000 {
                again(encoding, &plain);
            }
        }
        Err(error) => {
            assert!(plain.len() <= told);
            check_error(&error);
        }
    }
});
