//! RNG Seed (KMIP 2.1, 6.1.50). The generator is the operating system's, which takes no seed of a client's: a server
//! may take none of the bytes and say so, or refuse, as the configuration wants.

use crate::engine::context::{Context, Execute};
use crate::engine::refusal::{Cause, Step, refuse};
use crate::engine::world::Seeding;
use kmip_codec::payloads::{RNGSeedRequest, RNGSeedResponse};

impl Execute for RNGSeedRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<RNGSeedResponse> {
        match cx.settings().seeding {
            Seeding::Ignore => Ok(RNGSeedResponse { data_length: 0 }),
            Seeding::Refuse => refuse(Cause::Denied, "this server's generator is not seeded by clients"),
        }
    }
}
