//! RNG Retrieve (KMIP 2.1, 6.1.49): bytes of the server's generator.

use crate::context::{Context, Execute};
use crate::refusal::{Cause, Interrupt, OpResult, refuse};
use kmip_codec::payloads::{RNGRetrieveRequest, RNGRetrieveResponse};
use zeroize::Zeroizing;

/// The most bytes that one request gets.
const BYTES_MAX: usize = 64 * 1024;

impl Execute for RNGRetrieveRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<RNGRetrieveResponse> {
        let length = usize::try_from(self.data_length).ok().filter(|length| (1..=BYTES_MAX).contains(length));
        let Some(length) = length else {
            return refuse(
                Cause::InvalidField,
                format!("the Data Length is between 1 and {BYTES_MAX} bytes"),
            );
        };
        let mut bytes = Zeroizing::new(vec![0; length]);
        cx.entropy.fill(&mut bytes).map_err(Interrupt::Need)?;
        Ok(RNGRetrieveResponse { data: bytes.as_slice().into() })
    }
}
