//! Misuse of the derive: each mistake is reported at the user's own token, with the fix.
//!
//! The expected errors are those of the Rust version named in `.ci/run`.

#[test]
fn mistakes_are_reported_with_their_fix() {
    trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
}
