//! Hubbub's STUN server, sans-IO: tells whoever asks on the media port at which address they are seen.
//!
//! It keeps no state and answers a request with at most [`LONGEST_ANSWER`] bytes, so it is of no use as an amplifier or
//! for filling memory. ICE's own checks carry a USERNAME and are not for it: they belong to a session, which checks them.

use std::net::SocketAddr;
use std::panic::catch_unwind;

use rtc_stun::attributes::{ATTR_FINGERPRINT, ATTR_UNKNOWN_ATTRIBUTES, ATTR_USERNAME, AttrType};
use rtc_stun::error_code::{CODE_UNKNOWN_ATTRIBUTE, ErrorCodeAttribute};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::message::{BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, Message, Setter};
use rtc_stun::xoraddr::XorMappedAddress;

/// Bytes of the longest request that is read; a Binding request has nothing to say that is longer.
const LONGEST_REQUEST: usize = 548;
/// Unknown attributes that an error names; one is enough to understand it.
const MOST_UNKNOWN: usize = 4;
/// Bytes of the longest answer.
pub const LONGEST_ANSWER: usize = 80;

/// The answer to a STUN Binding request without credentials (RFC 8489 section 6.3.1); none to anything else.
#[must_use]
pub fn answer(source: SocketAddr, contents: &[u8]) -> Option<Vec<u8>> {
    if contents.len() > LONGEST_REQUEST || contents.first().is_none_or(|first| *first > 3) {
        return None;
    }
    // Nothing outlives the call, so a panic of the library costs the stranger his answer and nobody else anything.
    catch_unwind(|| read_and_answer(source, contents)).ok().flatten()
}

fn read_and_answer(source: SocketAddr, contents: &[u8]) -> Option<Vec<u8>> {
    let mut request = Message::new();
    request.unmarshal_binary(contents).ok()?;
    if request.typ != BINDING_REQUEST || request.contains(ATTR_USERNAME) {
        return None;
    }
    if request.contains(ATTR_FINGERPRINT) && FINGERPRINT.check(&request).is_err() {
        return None;
    }
    let unknown = unknown_attributes(&request);
    let mut answer = Message::new();
    answer.transaction_id = request.transaction_id;
    let setters: Vec<Box<dyn Setter>> = if unknown.is_empty() {
        let seen = XorMappedAddress { ip: source.ip().to_canonical(), port: source.port() };
        vec![Box::new(BINDING_SUCCESS), Box::new(seen), Box::new(FINGERPRINT)]
    } else {
        let error = ErrorCodeAttribute { code: CODE_UNKNOWN_ATTRIBUTE, reason: b"Unknown Attribute".to_vec() };
        vec![Box::new(BINDING_ERROR), Box::new(error), Box::new(Unknown(unknown)), Box::new(FINGERPRINT)]
    };
    answer.build(&setters).ok()?;
    Some(answer.raw)
}

/// Attributes that must be understood (RFC 8489 section 14) and are not.
fn unknown_attributes(request: &Message) -> Vec<AttrType> {
    let required = request.attributes.0.iter().map(|attribute| attribute.typ).filter(|typ| typ.0 < 0x8000);
    required.take(MOST_UNKNOWN).collect()
}

/// UNKNOWN-ATTRIBUTES (RFC 8489 section 14.10).
struct Unknown(Vec<AttrType>);

impl Setter for Unknown {
    fn add_to(&self, message: &mut Message) -> Result<(), rtc_shared::error::Error> {
        let list: Vec<u8> = self.0.iter().flat_map(|typ| typ.0.to_be_bytes()).collect();
        message.add(ATTR_UNKNOWN_ATTRIBUTES, &list);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtc_stun::message::Getter;

    use super::*;

    const ID: &[u8] = b"twelve bytes";

    fn source() -> SocketAddr {
        "192.0.2.1:54321".parse().unwrap()
    }

    /// A Binding request: RFC 8489 section 5's header, then these attributes.
    fn request(attributes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
        [&[0x00, 0x01], &length[..], &[0x21, 0x12, 0xa4, 0x42], ID, attributes].concat()
    }

    fn parsed(answer: &[u8]) -> Message {
        let mut message = Message::new();
        message.unmarshal_binary(answer).unwrap();
        FINGERPRINT.check(&message).unwrap();
        assert_eq!(message.transaction_id.0, ID);
        message
    }

    #[test]
    fn a_binding_request_is_answered_with_the_address_it_came_from() {
        let message = parsed(&answer(source(), &request(&[])).unwrap());
        assert_eq!(message.typ, BINDING_SUCCESS);
        let mut seen = XorMappedAddress::default();
        seen.get_from(&message).unwrap();
        assert_eq!(SocketAddr::new(seen.ip, seen.port), source());
    }

    #[test]
    fn a_mapped_address_is_told_as_the_ipv4_address_that_it_is() {
        let mapped = "[::ffff:192.0.2.1]:54321".parse().unwrap();
        assert_eq!(answer(mapped, &request(&[])), answer(source(), &request(&[])));
    }

    #[test]
    fn an_attribute_that_must_be_understood_and_is_not_is_named() {
        let message = parsed(&answer(source(), &request(&[0x00, 0x77, 0, 0])).unwrap());
        assert_eq!(message.typ, BINDING_ERROR);
        assert_eq!(message.get(ATTR_UNKNOWN_ATTRIBUTES).unwrap(), [0x00, 0x77]);
        assert!(answer(source(), &request(&[0x80, 0x77, 0, 0])).is_some_and(|raw| parsed(&raw).typ == BINDING_SUCCESS));
    }

    #[test]
    fn checks_of_ice_and_what_is_no_request_are_left_alone() {
        assert_eq!(answer(source(), &request(b"\x00\x06\x00\x04ab:c")), None);
        assert_eq!(answer(source(), &[]), None);
        let mut response = request(&[]);
        response[0] = 0x01;
        assert_eq!(answer(source(), &response), None);
        assert_eq!(answer(source(), &request(&[])[..19]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_shortly_or_not_at_all(attributes in prop::collection::vec(any::<u8>(), 0..700), cut in 0_usize..720) {
            let mut bytes = request(&attributes);
            bytes.truncate(cut);
            let length = answer(source(), &bytes).map_or(0, |answer| answer.len());
            prop_assert!(length <= LONGEST_ANSWER);
        }
    }
}
