//! Who a client is, and until when: certificates that expire, are revoked, renewed or resumed, on every way in; users of one
//! certificate; administrators.

mod certificates;
mod dates;
mod defects;
mod desk;
mod forms;
mod lists;
mod reloads;
mod rolled;
mod signers;
mod users;
mod ways;

use crate::support::typed::*;
use keystead::pki::Pair;
use kmip_codec::enums::*;
use kmip_codec::message::{Credential, RequestMessage, ResponseItem, Ticket};
use kmip_codec::operations::{Call as _, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use std::io;

/// How a request ended: not even with an answer, with a refusal, or well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    Closed,
    Refused(ResultReason),
    Well,
}

impl Ended {
    /// The client was turned away as nobody.
    fn is_out(self) -> bool {
        matches!(self, Self::Closed | Self::Refused(ResultReason::AuthenticationNotSuccessful))
    }
}

fn end(item: io::Result<ResponseItem>) -> Ended {
    match item {
        Err(_) => Ended::Closed,
        Ok(item) => item.result_reason.map_or(Ended::Well, Ended::Refused),
    }
}

fn everything() -> DelegatedLoginRequest {
    DelegatedLoginRequest { rights: Rights { rights: vec![Right::default()] }, ..Default::default() }
}

fn words(output: &std::process::Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}
