//! The client's own sounds, made of sine tones with a soft attack.

use wasm_bindgen::JsValue;
use web_sys::{AudioContext, OscillatorType};

use super::super::Sound;
use super::audio;

/// Frequency in Hz, start and length in seconds.
type Note = (f32, f64, f64);

fn notes(sound: Sound) -> &'static [Note] {
    match sound {
        Sound::Join => &[(392.0, 0.0, 0.12), (587.33, 0.09, 0.22)],
        Sound::Leave => &[(587.33, 0.0, 0.12), (392.0, 0.09, 0.22)],
        Sound::Mute => &[(311.13, 0.0, 0.09)],
        Sound::Unmute => &[(466.16, 0.0, 0.09)],
        Sound::Deafen => &[(311.13, 0.0, 0.08), (233.08, 0.08, 0.14)],
        Sound::Undeafen => &[(311.13, 0.0, 0.08), (466.16, 0.08, 0.14)],
        Sound::Message => &[(880.0, 0.0, 0.1), (1318.5, 0.05, 0.14)],
        Sound::Lost => &[(440.0, 0.0, 0.14), (415.3, 0.16, 0.14), (392.0, 0.32, 0.2)],
    }
}

/// Plays a sound; volume is 0 to 1. Before the first press in the page browsers stay silent.
pub fn play(sound: Sound, volume: f32) {
    if let Some(context) = audio::context() {
        for note in notes(sound) {
            let _ = tone(&context, *note, volume * 0.18);
        }
    }
}

fn tone(context: &AudioContext, (frequency, start, length): Note, volume: f32) -> Result<(), JsValue> {
    let begin = context.current_time() + start;
    let oscillator = context.create_oscillator()?;
    let gain = context.create_gain()?;
    oscillator.set_type(OscillatorType::Triangle);
    oscillator.frequency().set_value(frequency);
    gain.gain().set_value_at_time(0.0, begin)?;
    gain.gain().linear_ramp_to_value_at_time(volume, begin + 0.012)?;
    gain.gain().exponential_ramp_to_value_at_time(0.0005, begin + length)?;
    oscillator.connect_with_audio_node(&gain)?;
    gain.connect_with_audio_node(&context.destination())?;
    oscillator.start_with_when(begin)?;
    oscillator.stop_with_when(begin + length + 0.02)
}
