#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| taskpull::fuzzing::aws_denial(bytes));
