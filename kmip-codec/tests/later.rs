//! Fields of later minor versions: read in requests that are received so, in their place, and written back as they came;
//! refused where they are not taken, and never in an answer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::{OPERATION_ROWS, Request, Response};
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1, Version};
use kmip_codec::wire::{Encoding, Reading};

const LETTER: Reading = Reading {
    items_alone: true,
    later_fields: false,
    known_bits: false,
    with_values: false,
    strips_nuls: false,
};
const LATER: Reading = Reading { later_fields: true, ..LETTER };

/// The message with another minor version in its header, and nothing else changed.
fn dated(message: &RequestMessage, minor: u8) -> Vec<u8> {
    let mut bytes = message.to_bytes();
    let place = bytes.windows(8).position(|window| window == [0x42, 0, 0x6b, 2, 0, 0, 0, 4]).unwrap();
    bytes[place + 11] = minor;
    bytes
}

fn is_unreadable(message: &RequestMessage) -> bool {
    message.items.iter().any(|item| matches!(item.request, Request::Unreadable(_)))
}

#[test]
fn requests_of_the_newest_minor_version_are_read_in_older_headers() {
    let (mut taken, mut refused) = (0, 0);
    for (newest, oldest) in [(V1_4, V1_0), (V2_1, V2_0)] {
        for minor in oldest.minor..newest.minor {
            let version = Version::new(oldest.major, minor);
            for seed in 0..400 {
                let mut dice = Dice::new(seed, newest);
                let request = Request::sample(&mut dice);
                let row = OPERATION_ROWS.iter().find(|row| row.operation == request.operation()).unwrap();
                // An object of a later version is no field.
                if !(row.is_in)(version) || matches!(request, Request::Register(_) | Request::Import(_)) {
                    continue;
                }
                let message = RequestMessage::new(newest, vec![RequestItem::from(request)]);
                let bytes = dated(&message, minor);
                let received = RequestMessage::receive(Encoding::Ttlv, &bytes, LATER).unwrap();
                assert!(!is_unreadable(&received), "{version} {received:?}");
                assert_eq!(received.to_bytes(), bytes, "{version}: what was read is written back");
                for encoding in [Encoding::Json, Encoding::Xml] {
                    let again = RequestMessage::receive(encoding, &received.encode(encoding), LATER).unwrap();
                    assert_eq!(again, received, "{encoding}");
                }
                taken += 1;
                let strictly = RequestMessage::receive(Encoding::Ttlv, &bytes, LETTER).unwrap();
                refused += usize::from(is_unreadable(&strictly));
                // Written in that version by us, such a field is left out.
                let own = RequestMessage::new(version, received.items.clone()).to_bytes();
                let own = RequestMessage::receive(Encoding::Ttlv, &own, LETTER).unwrap();
                assert!(!is_unreadable(&own), "{version} {own:?}");
            }
        }
    }
    assert!(taken > 1000 && refused > 50, "{taken} taken, {refused} of them refused by the letter");
}

#[test]
fn answers_never_have_them() {
    for (newest, oldest) in [(V1_4, V1_0), (V2_1, V2_0)] {
        for minor in oldest.minor..newest.minor {
            let version = Version::new(oldest.major, minor);
            for seed in 0..300 {
                let response = Response::sample(&mut Dice::new(seed, newest));
                let row = OPERATION_ROWS.iter().find(|row| row.operation == response.operation()).unwrap();
                if !(row.is_in)(version) || matches!(response, Response::Get(_) | Response::Export(_)) {
                    continue;
                }
                let item = ResponseItem {
                    operation: Some(response.operation()),
                    response: Some(response),
                    ..ResponseItem::default()
                };
                let bytes = ResponseMessage::new(version, DateTime(0), vec![item]).to_bytes();
                ResponseMessage::from_bytes(&bytes).unwrap_or_else(|error| panic!("{version}: {error}"));
            }
        }
    }
}

/// Where a text ends or breaks behind its header, the version is known all the same.
#[test]
fn the_version_of_a_message_that_breaks_behind_its_header_is_known() {
    let request = Request::sample(&mut Dice::new(1, V1_4));
    for version in [V1_0, V1_4, V2_1] {
        let message = RequestMessage::new(version, vec![RequestItem::from(request.clone())]);
        for encoding in Encoding::ALL {
            let bytes = message.encode(encoding);
            let mut short = bytes[..bytes.len() - 8].to_vec();
            if encoding == Encoding::Ttlv {
                // The frame is whole; the item in it is not.
                let length = u32::try_from(short.len() - 8).unwrap();
                short[4..8].copy_from_slice(&length.to_be_bytes());
            }
            let mut broken = vec![short];
            if encoding != Encoding::Ttlv {
                let mut odd = bytes.clone();
                let last = odd.len() - 9;
                odd[last] = b'<';
                broken.push(odd);
            }
            for bytes in broken {
                let refused = RequestMessage::receive(encoding, &bytes, LATER).unwrap_err();
                assert_eq!(refused.version, Some(version), "{encoding}: {}", refused.why);
            }
        }
    }
}
