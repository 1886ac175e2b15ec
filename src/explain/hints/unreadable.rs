//! Hints about messages that could not be read.

use super::{ANY_OPERATION, Hint};
use crate::explain::What;
use kmip_codec::version::V1_0;
use kmip_codec::{ErrorKind, Form, Named};

hints! {
    /// What could not be read.
    UNREADABLE
    What::Unreadable(ErrorKind::Version(V1_0)); ANY_OPERATION;
        "A version of KMIP that does not exist here.",
        "The answer names the nearest version that is spoken; most clients come back with it. If not, set the \
         version in the client to 1.0 – 1.4, 2.0 or 2.1.";
    What::Unreadable(ErrorKind::Truncated); ANY_OPERATION;
        "A message that ends too early.",
        "A client that counts lengths wrong, or a proxy that cuts: look at the tag and the offset.";
    What::Unreadable(ErrorKind::Missing { found: None }); ANY_OPERATION;
        "A message without a field that must be there, or with fields in another order.",
        "The message names the tag. Often a field of 2.x sent with a 1.x header, or the other way round.";
    What::Unreadable(ErrorKind::Unexpected { expected: None }); ANY_OPERATION;
        "A field that this version does not have in this place.",
        "The message names the tag. Often a field that is younger than the version in the header: let the client \
         speak the newer version.";
    What::Unreadable(ErrorKind::WrongType { expected: kmip_codec::wire::Kind::Integer, found: 0 }); ANY_OPERATION;
        "A field of another type than its tag has.",
        "The message names tag and types. Known of old clients: Lease Time as Integer, masks as Enumeration.";
    What::Unreadable(ErrorKind::WrongTypes { expected: &[], found: kmip_codec::wire::Kind::Integer }); ANY_OPERATION;
        "A field of another type than those that its tag takes.",
        "The message names the tag and the types.";
    What::Unreadable(ErrorKind::Repeated); ANY_OPERATION;
        "A field more often than it may stand there.",
        "The message names the tag and its place: let the client send it once.";
    What::Unreadable(ErrorKind::OutOfOrder { expected: None, before: None }); ANY_OPERATION;
        "A message with its fields in another order.",
        "Fields stand in the order of the specification; the message names the one that was found and its place.";
    What::Unreadable(ErrorKind::UnknownType { found: 0 }); ANY_OPERATION;
        "A field of a type that does not exist.",
        "A fault of the client's encoder: types have the numbers 1 to 11.";
    What::Unreadable(ErrorKind::Length { found: 0 }); ANY_OPERATION;
        "A field whose length does not fit its type.",
        "A fault of the client's encoder: the message names the tag, its place and its length.";
    What::Unreadable(ErrorKind::Count { found: 0, items: 0 }); ANY_OPERATION;
        "Another number of batch items than it announces.",
        "Batch Count in the header must be the number of batch items.";
    What::Unreadable(ErrorKind::Name { of: Named::Field, near: None }); ANY_OPERATION;
        "A field, a type or a value under a name that KMIP does not have.",
        "The message names it, and the name that is nearest to it: names are spelt as in the specification, without spaces.";
    What::Unreadable(ErrorKind::Mask { near: None }); ANY_OPERATION;
        "A mask that is written in another way than XML and JSON have it.",
        "Names of bits with a space (XML) or | (JSON) between them, or one number: the message names what was found.";
    What::Unreadable(ErrorKind::Bits { found: 0, defined: 0, named: None, version: V1_0 }); ANY_OPERATION;
        "A mask with bits that no version of KMIP defines; with the persona `strict`, that its own version does not.",
        "The message names the bits, and those that may be set: let the client name the uses that the key is for.";
    What::Unreadable(ErrorKind::Form(Form::NoType)); ANY_OPERATION;
        "An item of XML or JSON that lacks its tag, its type or its value, or has too many.",
        "A fault of the client's encoder: the message names the item and what it lacks.";
    What::Unreadable(ErrorKind::TooMany); ANY_OPERATION;
        "A message of more items than the server takes.",
        "Send several messages.";
    What::Unreadable(ErrorKind::Padding); ANY_OPERATION;
        "An item whose padding is not zero.",
        "A fault of the client's encoder.";
    What::Unreadable(ErrorKind::TooLarge { found: 0, most: 0 }); ANY_OPERATION;
        "A longer message than the server takes.",
        "limits.message_bytes in the configuration, if the client really needs it.";
    What::Unreadable(ErrorKind::Syntax); ANY_OPERATION;
        "Something that is no KMIP message.",
        "TLS works, and what comes in it is something else: HTTP on the TTLV port, or a health check that only \
         opens the port.";
    What::Unreadable(ErrorKind::Trailing); ANY_OPERATION;
        "A message with something behind it.",
        "A client that counts lengths wrong.";
}
