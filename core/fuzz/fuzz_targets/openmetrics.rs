//! OpenMetrics text: no line panics, and what was read is written and read again the same.
#![no_main]

use chunkscope::openmetrics::{END, Line, Lines, read_line, read_series, write_series};
use chunkscope::storage::Storage;
use chunkscope::types::Column;
use chunkscope_fuzz::{check_error, memory};
use libfuzzer_sys::fuzz_target;

fn again(series: &[u8], value: f64, time: i64) {
    let Ok(labels) = read_series(series) else { return };
    let mut samples = Column::default();
    samples.push(time, value, 0);
    let mut text = String::new();
    write_series(&labels, &samples, &mut text);
    // Times before a millisecond count and names of any bytes are written as they can be.
    let line = text.strip_suffix('\n').expect("a line has an end");
    let Ok(Line::Sample(read)) = read_line(line.as_bytes()) else {
        panic!("not read again: {line:?}");
    };
    assert_eq!(read_series(read.series).expect("our own text"), labels, "{line:?}");
    assert_eq!(read.time, Some(time), "{line:?}");
    assert!(read.value.to_bits() == value.to_bits() || read.value.is_nan() == value.is_nan());
}

fuzz_target!(|bytes: &[u8]| {
    let file = memory(&[("text", bytes)]).open("text").expect("the file is there");
    let mut lines = Lines::new(file);
    loop {
        match lines.next_line() {
            Ok(None) => break,
            Ok(Some(Line::Sample(sample))) => {
                if let Some(exemplar) = sample.exemplar {
                    let _ = read_series(exemplar.labels);
                }
                if let Some(time) = sample.time {
                    again(sample.series, sample.value, time);
                }
            }
            Ok(Some(_)) => {}
            Err(error) => return check_error(&error),
        }
    }
    assert!(bytes.ends_with(END.as_bytes()) || bytes.ends_with(END.trim_end().as_bytes()));
});
