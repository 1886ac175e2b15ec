//! How the server reads requests.

use kmip_codec::wire::Reading;

/// As the server reads, with the persona that clients have by default.
pub const SERVER: Reading = Reading {
    items_alone: true,
    later_fields: true,
    known_bits: true,
    with_values: true,
    strips_nuls: false,
};
