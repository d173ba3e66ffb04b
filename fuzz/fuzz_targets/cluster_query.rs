#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskpull::fuzzing::cluster_query(bytes));
