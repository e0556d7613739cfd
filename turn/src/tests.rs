use std::time::Duration;

use proptest::prelude::*;
use rtc_stun::attributes::ATTR_UNKNOWN_ATTRIBUTES;
use rtc_stun::error_code::{CODE_UNKNOWN_ATTRIBUTE, ErrorCodeAttribute};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::message::{BINDING_ERROR, BINDING_SUCCESS, Getter, Message};
use rtc_stun::xoraddr::XorMappedAddress;

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

fn first_instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant will do as a test's first")]
    Instant::now()
}

fn handled(source: SocketAddr, contents: &[u8]) -> Handled {
    let now = first_instant();
    Stun::new(now).handle(now, source, contents)
}

fn answer(source: SocketAddr, contents: &[u8]) -> Option<Vec<u8>> {
    match handled(source, contents) {
        Handled::Answer(answer) => Some(answer),
        Handled::Dropped | Handled::NotMine => None,
    }
}

/// The library reads it, so our answers are what others expect.
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
    let mut error = ErrorCodeAttribute::default();
    error.get_from(&message).unwrap();
    assert!(error.code == CODE_UNKNOWN_ATTRIBUTE);
    assert!(answer(source(), &request(&[0x80, 0x77, 0, 0])).is_some_and(|raw| parsed(&raw).typ == BINDING_SUCCESS));
}

#[test]
fn an_address_of_ipv6_is_told_too() {
    let source = "[2001:db8::7]:443".parse().unwrap();
    let message = parsed(&answer(source, &request(&[])).unwrap());
    let mut seen = XorMappedAddress::default();
    seen.get_from(&message).unwrap();
    assert_eq!(SocketAddr::new(seen.ip, seen.port), source);
}

#[test]
fn a_fingerprint_must_be_right_and_last() {
    let printed = |attributes: &[u8]| {
        let mut bytes = request(&[attributes, &[0x80, 0x28, 0, 4, 0, 0, 0, 0]].concat());
        let end = bytes.len() - 4;
        let value = rtc_stun::fingerprint::fingerprint_value(&bytes[..end - 4]).to_be_bytes();
        bytes[end..].copy_from_slice(&value);
        bytes
    };
    let right = printed(&[0x80, 0x22, 0, 1, b'x', 0, 0, 0]);
    assert!(answer(source(), &right).is_some());
    let mut wrong = right.clone();
    wrong[26] ^= 1;
    assert_eq!(handled(source(), &wrong), Handled::Dropped);
    let mut early = printed(&[]);
    early.extend_from_slice(&[0x80, 0x22, 0, 0]);
    early[3] += 4;
    assert_eq!(handled(source(), &early), Handled::Dropped);
}

#[test]
fn checks_of_ice_and_what_is_no_request_are_left_alone() {
    assert_eq!(handled(source(), &request(b"\x00\x06\x00\x04ab:c")), Handled::NotMine);
    assert_eq!(handled(source(), &[]), Handled::NotMine);
    let mut response = request(&[]);
    response[0] = 0x01;
    assert_eq!(handled(source(), &response), Handled::NotMine);
    assert_eq!(answer(source(), &request(&[])[..19]), None);
    // Its length is not that of the datagram.
    let short = &request(&[0x80, 0x77, 0, 0])[..22];
    assert_eq!(handled(source(), short), Handled::Dropped);
}

#[test]
fn a_flood_is_answered_in_measure_and_others_again_a_second_later() {
    let now = first_instant();
    let mut stun = Stun::new(now);
    let mut answers = |now| {
        let handled = (0..10_000).map(|_| stun.handle(now, source(), &request(&[])));
        handled.filter(|handled| matches!(handled, Handled::Answer(_))).count()
    };
    let most = usize::try_from(MOST_ANSWERS).unwrap();
    assert_eq!(answers(now), most);
    assert_eq!(answers(now + Duration::from_millis(999)), 0);
    assert_eq!(answers(now + Duration::from_secs(1)), most);
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
