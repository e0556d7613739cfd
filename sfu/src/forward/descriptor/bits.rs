/// Reads a number of bits at a time, the highest of a byte first; `None` past the end.
#[derive(Clone)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let flag = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(flag)
    }

    /// A number of up to 32 bits.
    pub(crate) fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |number, _| Some(number << 1 | u32::from(self.flag()?)))
    }

    /// A number of up to 8 bits.
    pub(crate) fn byte(&mut self, count: u32) -> Option<u8> {
        u8::try_from(self.take(count)?).ok()
    }

    pub(crate) fn word(&mut self) -> Option<u16> {
        u16::try_from(self.take(16)?).ok()
    }

    /// A number below a bound, in as many bits as that takes (AV1 section 4.10.7).
    pub(crate) fn below(&mut self, bound: u32) -> Option<u32> {
        let width = u32::BITS - bound.leading_zeros();
        let short = (1 << width) - bound;
        let value = self.take(width - 1)?;
        if value < short { Some(value) } else { Some((value << 1) - short + u32::from(self.flag()?)) }
    }

    /// Exp-Golomb coding (H.264 section 9.1).
    pub(crate) fn golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }

    /// The same with a sign (H.264 section 9.1.1).
    pub(crate) fn signed_golomb(&mut self) -> Option<i64> {
        let code = i64::from(self.golomb()?);
        Some(if code % 2 == 0 { -code / 2 } else { (code + 1) / 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_a_bound_take_as_few_bits_as_there_can_be() {
        // Below 5: 0 to 2 in two bits, 3 and 4 in three.
        let mut bits = Bits::new(&[0b0001_1011, 0b1000_0000]);
        assert_eq!([0; 4].map(|_| bits.below(5)), [Some(0), Some(1), Some(2), Some(4)]);
        assert_eq!(Bits::new(&[]).below(1), Some(0));
        assert_eq!(Bits::new(&[]).below(2), None);
    }

    #[test]
    fn exp_golomb_codes_are_read() {
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([0; 5].map(|_| bits.golomb()), [0, 1, 2, 3, 4].map(Some));
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([0; 5].map(|_| bits.signed_golomb()), [0, 1, -1, 2, -2].map(Some));
        assert_eq!(Bits::new(&[0; 8]).golomb(), None);
    }
}
