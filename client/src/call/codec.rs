//! Which codec the client's pictures are sent in.

use protocol::voice::{Source, VideoCodec};
use serde::{Deserialize, Serialize};

/// What the user has chosen for the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraCodec {
    #[default]
    Automatic,
    Vp8,
    Vp9,
    Av1,
    H264,
}

impl CameraCodec {
    pub const ALL: [Self; 5] = [Self::Automatic, Self::Vp8, Self::Vp9, Self::Av1, Self::H264];

    fn codec(self) -> VideoCodec {
        match self {
            Self::Automatic | Self::Vp8 => VideoCodec::Vp8,
            Self::Vp9 => VideoCodec::Vp9,
            Self::Av1 => VideoCodec::Av1,
            Self::H264 => VideoCodec::H264,
        }
    }
}

/// The codec for a source where these are the ones that everybody in the room takes: what is wished for, else VP8.
#[must_use]
pub fn choose(source: Source, camera: CameraCodec, taken: &[VideoCodec]) -> VideoCodec {
    let wished = match source {
        // Text on a screen is what VP9 is so much better at.
        Source::Screen => VideoCodec::Vp9,
        Source::Camera => camera.codec(),
        Source::Microphone | Source::ScreenAudio | Source::Unknown => VideoCodec::Vp8,
    };
    if taken.contains(&wished) { wished } else { VideoCodec::Vp8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [VideoCodec; 4] = [VideoCodec::Vp8, VideoCodec::Vp9, VideoCodec::Av1, VideoCodec::H264];

    #[test]
    fn what_is_wished_for_is_sent_where_all_take_it() {
        assert_eq!(choose(Source::Camera, CameraCodec::Av1, &ALL), VideoCodec::Av1);
        assert_eq!(choose(Source::Camera, CameraCodec::H264, &ALL), VideoCodec::H264);
        assert_eq!(choose(Source::Camera, CameraCodec::Av1, &ALL[..2]), VideoCodec::Vp8);
        assert_eq!(choose(Source::Camera, CameraCodec::Vp9, &[]), VideoCodec::Vp8);
    }

    #[test]
    fn by_itself_a_camera_is_sent_in_vp8_and_a_screen_in_vp9() {
        assert_eq!(choose(Source::Camera, CameraCodec::Automatic, &ALL), VideoCodec::Vp8);
        assert_eq!(choose(Source::Screen, CameraCodec::Automatic, &ALL), VideoCodec::Vp9);
        assert_eq!(choose(Source::Screen, CameraCodec::Automatic, &[VideoCodec::Vp8]), VideoCodec::Vp8);
    }
}
