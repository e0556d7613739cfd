use std::panic::{AssertUnwindSafe, catch_unwind};

/// A library panicked on one session's data; that session is to be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault;

/// Runs a library call that works on one session's data, so that its panic ends that session
/// and no other. What it was working on must not be used again.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| Fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| -> u8 { panic!("as a library would") }), Err(Fault));
    }
}
