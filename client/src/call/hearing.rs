//! What the user has chosen to say and to hear. Who is deafened says nothing either, and is afterwards as before.

use protocol::voice::PeerFlags;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hearing {
    pub is_muted: bool,
    pub is_deafened: bool,
}

impl Hearing {
    /// The flags alone do not tell whether a deafened user was muted before, nor what a user without a microphone has
    /// chosen.
    #[must_use]
    pub fn of(flags: PeerFlags, has_microphone: bool, was_muted: bool) -> Self {
        let is_told = has_microphone && !flags.deafened;
        Self { is_muted: if is_told { flags.muted } else { was_muted }, is_deafened: flags.deafened }
    }

    #[must_use]
    pub fn says_nothing(self) -> bool {
        self.is_muted || self.is_deafened
    }

    /// Unmuted is unmuted, from wherever one comes.
    #[must_use]
    pub fn toggle_mute(self) -> Self {
        Self { is_muted: !self.says_nothing(), is_deafened: false }
    }

    #[must_use]
    pub fn toggle_deafen(self) -> Self {
        Self { is_deafened: !self.is_deafened, ..self }
    }

    #[must_use]
    pub fn apply(self, flags: PeerFlags) -> PeerFlags {
        PeerFlags { muted: self.says_nothing(), deafened: self.is_deafened, ..flags }
    }
}

#[cfg(test)]
mod tests {
    use super::Hearing;

    const OPEN: Hearing = Hearing { is_muted: false, is_deafened: false };
    const MUTED: Hearing = Hearing { is_muted: true, is_deafened: false };

    #[test]
    fn after_deafening_one_is_muted_or_not_as_before() {
        for before in [OPEN, MUTED] {
            let deafened = before.toggle_deafen();
            assert!(deafened.says_nothing());
            let flags = deafened.apply(protocol::voice::PeerFlags::default());
            assert_eq!(Hearing::of(flags, true, before.is_muted), deafened);
            assert_eq!(deafened.toggle_deafen(), before);
        }
    }

    #[test]
    fn who_is_silent_for_want_of_a_microphone_has_not_chosen_so() {
        let flags = protocol::voice::PeerFlags { muted: true, ..Default::default() };
        assert_eq!(Hearing::of(flags, false, false).toggle_deafen().toggle_deafen(), OPEN);
        assert_eq!(Hearing::of(flags, false, true), MUTED);
        assert_eq!(Hearing::of(flags, true, false), MUTED);
    }

    #[test]
    fn to_unmute_while_deafened_is_to_be_heard() {
        assert_eq!(MUTED.toggle_deafen().toggle_mute(), OPEN);
        assert_eq!(OPEN.toggle_deafen().toggle_mute(), OPEN);
        assert_eq!(OPEN.toggle_mute(), MUTED);
    }
}
