//! In which encodings pictures are sent (W3C `RTCRtpEncodingParameters`).

use protocol::voice::{Source, VideoCodec};

/// One way of sending a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoding {
    /// The RTP stream id, where there are several.
    pub rid: Option<&'static str>,
    /// In bit/s.
    pub most_bits: Option<f64>,
    /// How many times smaller than what the device gives.
    pub divisor: f64,
}

impl Encoding {
    #[must_use]
    pub const fn unlimited() -> Self {
        Self { rid: None, most_bits: None, divisor: 1.0 }
    }

    #[must_use]
    pub const fn only(most_bits: f64) -> Self {
        Self { rid: None, most_bits: Some(most_bits), divisor: 1.0 }
    }

    const fn one_of(rid: &'static str, most_bits: f64, divisor: f64) -> Self {
        Self { rid: Some(rid), most_bits: Some(most_bits), divisor }
    }
}

/// Each receives of a camera what fits the size at which it is shown, so it is sent in several. The lowest comes first.
pub const CAMERA: [Encoding; 3] = [
    Encoding::one_of("q", 150_000.0, 4.0),
    Encoding::one_of("h", 500_000.0, 2.0),
    Encoding::one_of("f", 1_700_000.0, 1.0),
];
pub const SCREEN: [Encoding; 1] = [Encoding::only(3_000_000.0)];

/// Temporal layers alone.
const NO_LAYERS: &[&str] = &["L1T3"];
/// Not every encoder of H.264 has them.
const H264: &[&str] = &["L1T3", "L1T1"];
/// Spatial layers, by how many there are; those above the lowest need it in key pictures alone, so that who is sent a higher
/// one is sent no lower ones. Those that an encoder may lack come first.
const LAYERS: [&[&str]; 3] = [NO_LAYERS, &["L2T3_KEY", "L1T3"], &["L3T3_KEY", "L1T3"]];

/// How one encoding is sent at the moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    pub is_active: bool,
    pub most_bits: Option<f64>,
    pub divisor: f64,
    /// The scalability mode (W3C `webrtc-svc`); the first that the browser's encoder has.
    pub modes: &'static [&'static str],
}

/// How the encodings of a source are sent in a codec, where these are wanted, the lowest first; all that are not named. VP9
/// and AV1 have the sizes as layers of the first encoding, and the others are silent.
#[must_use]
pub fn shapes(source: Source, codec: VideoCodec, wanted: &[bool]) -> Vec<Shape> {
    let all = if source == Source::Camera { &CAMERA[..] } else { &SCREEN };
    let is_wanted = |index: usize| wanted.get(index).copied().unwrap_or(true);
    let shape = |index: usize, of: &Encoding, modes| Shape {
        is_active: is_wanted(index),
        most_bits: of.most_bits,
        divisor: of.divisor,
        modes,
    };
    match codec {
        VideoCodec::Vp9 | VideoCodec::Av1 => {
            let highest = (0..all.len()).rfind(|index| is_wanted(*index));
            let top = &all[highest.unwrap_or(0)];
            let layers = shape(0, top, LAYERS[highest.unwrap_or(0)]);
            let silent = all.iter().skip(1).map(|of| Shape { is_active: false, ..shape(0, of, NO_LAYERS) });
            std::iter::once(Shape { is_active: highest.is_some(), ..layers }).chain(silent).collect()
        }
        VideoCodec::H264 => all.iter().enumerate().map(|(index, of)| shape(index, of, H264)).collect(),
        VideoCodec::Vp8 | VideoCodec::Unknown => {
            all.iter().enumerate().map(|(index, of)| shape(index, of, NO_LAYERS)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn active(shapes: &[Shape]) -> Vec<bool> {
        shapes.iter().map(|shape| shape.is_active).collect()
    }

    #[test]
    fn encodings_that_are_not_wanted_are_not_sent() {
        for codec in [VideoCodec::Vp8, VideoCodec::H264] {
            assert_eq!(active(&shapes(Source::Camera, codec, &[true, false, true])), [true, false, true]);
            assert_eq!(active(&shapes(Source::Camera, codec, &[])), [true; 3]);
        }
    }

    #[test]
    fn layers_are_sent_in_one_encoding_up_to_the_highest_that_is_wanted() {
        for codec in [VideoCodec::Vp9, VideoCodec::Av1] {
            for (wanted, mode, divisor) in [
                (&[][..], "L3T3_KEY", 1.0),
                (&[false, false, true], "L3T3_KEY", 1.0),
                (&[true, true, false], "L2T3_KEY", 2.0),
                (&[true, false, false], "L1T3", 4.0),
            ] {
                let shapes = shapes(Source::Camera, codec, wanted);
                assert_eq!(active(&shapes), [true, false, false]);
                assert_eq!((shapes[0].modes[0], shapes[0].divisor), (mode, divisor));
            }
            assert_eq!(active(&shapes(Source::Camera, codec, &[false; 3])), [false; 3]);
        }
    }

    #[test]
    fn a_screen_has_one_size() {
        let shapes = shapes(Source::Screen, VideoCodec::Vp9, &[true]);
        assert_eq!((shapes.len(), shapes[0].modes, shapes[0].divisor), (1, NO_LAYERS, 1.0));
    }
}
