//! A database that is written to, step by step, beside a model that knows nothing but maps: the
//! bytes choose the options and the steps. See `tests/harness/ours/from_bytes.rs`.
#![no_main]

use chunkscope_fuzz as _; // its allocator
use chunkscope_tests::ours::live_as;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| live_as(bytes));
