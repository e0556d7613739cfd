use std::panic::{AssertUnwindSafe, catch_unwind};

/// A library panicked on one session's data; that session is to be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault;

/// Runs a library call that works on one session's data, so that its panic ends that session
/// and no other. What it was working on must not be used again.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, Fault> {
    let call = || {
        #[cfg(test)]
        tests::fail_if_told();
        call()
    };
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| Fault)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static SOUND_CALLS: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Makes a library fail, as far as can be seen, after these many more calls that do not.
    pub(crate) fn fail_after(calls: u32) {
        SOUND_CALLS.set(Some(calls));
    }

    pub(super) fn fail_if_told() {
        let left = SOUND_CALLS.get();
        SOUND_CALLS.set(left.and_then(|left| left.checked_sub(1)));
        assert!(left != Some(0), "as a test asked");
    }

    #[test]
    fn a_panic_becomes_a_fault() {
        assert_eq!(guarded(|| 7), Ok(7));
        assert_eq!(guarded(|| -> u8 { panic!("as a library would") }), Err(Fault));
    }
}
