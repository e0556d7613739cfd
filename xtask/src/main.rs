//! Hubbub's build, run, test and bench commands.
fn main() {}
