//! What a client must prove of its platform before it may do certain things (KMIP 1.4, 6.17; 2.1, 9.3 and 9.4). The authenticator
//! judges the proof; here is what follows where there is none.

use crate::refusal::{Cause, Refusal};
use bytes::Bytes;
use kmip_codec::enums::AttestationType;
use kmip_codec::message::{Nonce, ResponseMessage};
use kmip_codec::operations::Operation;

/// The types of attestation that are judged.
pub const TYPES: &[AttestationType] = &[AttestationType::TPMQuote];

/// What a client is that has proven nothing and should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unproven {
    /// The operations that it may not do.
    pub operations: Vec<Operation>,
    /// Why.
    pub cause: Cause,
    /// The same in the client's terms.
    pub message: String,
    /// Nonce ID and Nonce Value that the next proof is to be about, for a client that can make one.
    pub nonce: Option<(Bytes, Bytes)>,
}

impl Unproven {
    /// Refuses what needs the proof.
    pub fn check(&self, operation: Operation) -> Result<(), Refusal> {
        match self.operations.contains(&operation) {
            true => Err(Refusal::new(self.cause, self.message.clone())),
            false => Ok(()),
        }
    }

    /// Tells the client, in an answer that refuses for want of a proof, what to prove and how.
    pub fn ask(&self, response: &mut ResponseMessage) {
        if let Some((id, value)) = &self.nonce {
            response.header.nonce = Some(Nonce { id: id.clone(), value: value.clone() });
            response.header.attestation_type = TYPES.to_vec();
        }
    }
}
