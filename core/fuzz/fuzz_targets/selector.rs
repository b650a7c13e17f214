//! A selector, with its regular expressions, as a person types it.
#![no_main]

use chunkscope::labels::parse_selector;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(matchers) = parse_selector(text) else { return };
    for matcher in &matchers {
        assert_eq!(matcher.accepts(""), matcher.accepts_empty(), "{matcher:?}");
        let _ = (matcher.accepts("node"), matcher.accepts(text));
        for value in matcher.set_values().unwrap_or_default() {
            assert!(matcher.accepts(value) != matcher.is_negative(), "{matcher:?} {value:?}");
        }
    }
});
