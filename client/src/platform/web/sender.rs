//! What a sender makes of its track: codec, encodings, layers.

use js_sys::{Array, Object, Reflect};
use protocol::voice::{Source, VideoCodec};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RtcPeerConnection, RtcRtpSender, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit};

use crate::platform::encodings::{Encoding, Shape, shapes};

/// A line that sends, in these encodings.
pub(super) fn line(peer: &RtcPeerConnection, kind: &str, encodings: &[Encoding]) -> RtcRtpTransceiver {
    let parameters: Array = encodings.iter().map(|encoding| first_parameters(*encoding, kind)).collect();
    let init = RtcRtpTransceiverInit::new();
    init.set_direction(RtcRtpTransceiverDirection::Sendonly);
    let _ = Reflect::set(&init, &"sendEncodings".into(), &parameters);
    peer.add_transceiver_with_str_and_init(kind, &init)
}

fn first_parameters(encoding: Encoding, kind: &str) -> Object {
    let parameters = Object::new();
    let set = |key: &str, value: JsValue| Reflect::set(&parameters, &key.into(), &value);
    if let Some(bits) = encoding.most_bits {
        let _ = set("maxBitrate", bits.into());
    }
    if let Some(rid) = encoding.rid {
        let _ = set("rid", rid.into());
        let _ = set("scaleResolutionDownBy", encoding.divisor.into());
    }
    if kind == "video" {
        // Some of the pictures can be left out where the way is narrow. Browsers that cannot do it take no notice.
        let _ = set("scalabilityMode", "L1T3".into());
    }
    parameters
}

/// Sends a source in a codec, as far as the browser can, and of its sizes those that are wanted, the lowest first.
pub(super) async fn shape(
    sender: &RtcRtpSender,
    source: Source,
    (codec, wanted): (VideoCodec, &[bool]),
) -> Result<(), JsValue> {
    let codec = if recode(sender, codec).await? { codec } else { VideoCodec::Vp8 };
    let shapes = shapes(source, codec, wanted);
    let most = shapes.iter().map(|shape| shape.modes.len()).max().unwrap_or(1);
    let mut outcome = Ok(());
    for attempt in 0..most {
        outcome = set_shapes(sender, &shapes, attempt).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Goes over to a codec (W3C `RTCRtpEncodingParameters.codec`). Answers whether that is what is sent.
async fn recode(sender: &RtcRtpSender, codec: VideoCodec) -> Result<bool, JsValue> {
    let parameters = sender.get_parameters();
    let encodings = list(&parameters, "encodings")?;
    let is_first = codec == VideoCodec::Vp8;
    if named(&encodings).as_deref().is_none_or(|name| is(name, codec)) && (is_first || named(&encodings).is_some()) {
        return Ok(true);
    }
    let offered = list(&parameters, "codecs")?;
    let Some(found) = offered.iter().find(|offered| mime_type(offered).is_some_and(|name| is(&name, codec))) else {
        return Ok(is_first);
    };
    for encoding in encodings.iter() {
        Reflect::set(&encoding, &"codec".into(), &found)?;
        // The one that is set may be none of the other codec's.
        Reflect::delete_property(encoding.unchecked_ref::<Object>(), &"scalabilityMode".into())?;
    }
    if JsFuture::from(sender.set_parameters_with_parameters(&parameters)).await.is_err() {
        return Ok(is_first);
    }
    // Browsers that do not know it took no notice.
    let after = list(&sender.get_parameters(), "encodings")?;
    Ok(is_first || named(&after).is_some_and(|name| is(&name, codec)))
}

async fn set_shapes(sender: &RtcRtpSender, shapes: &[Shape], attempt: usize) -> Result<(), JsValue> {
    let parameters = sender.get_parameters();
    for (encoding, shape) in list(&parameters, "encodings")?.iter().zip(shapes) {
        let set = |key: &str, value: JsValue| Reflect::set(&encoding, &key.into(), &value);
        set("active", shape.is_active.into())?;
        set("scaleResolutionDownBy", shape.divisor.into())?;
        if let Some(bits) = shape.most_bits {
            set("maxBitrate", bits.into())?;
        }
        if let Some(mode) = shape.modes.get(attempt).or(shape.modes.last()) {
            set("scalabilityMode", (*mode).into())?;
        }
    }
    JsFuture::from(sender.set_parameters_with_parameters(&parameters)).await.map(drop)
}

fn list(parameters: &JsValue, key: &str) -> Result<Array, JsValue> {
    Reflect::get(parameters, &key.into())?.dyn_into()
}

/// The codec that the first encoding was told to use, if any.
fn named(encodings: &Array) -> Option<String> {
    let codec = Reflect::get(&encodings.get(0), &"codec".into()).ok().filter(|codec| !codec.is_undefined())?;
    mime_type(&codec)
}

fn mime_type(codec: &JsValue) -> Option<String> {
    Reflect::get(codec, &"mimeType".into()).ok()?.as_string()
}

fn is(mime_type: &str, codec: VideoCodec) -> bool {
    let name = match codec {
        VideoCodec::Vp8 | VideoCodec::Unknown => "video/VP8",
        VideoCodec::Vp9 => "video/VP9",
        VideoCodec::Av1 => "video/AV1",
        VideoCodec::H264 => "video/H264",
    };
    mime_type.eq_ignore_ascii_case(name)
}
