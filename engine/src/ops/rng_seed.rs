//! RNG Seed (KMIP 2.1, 6.1.50). As the configuration wants, a client's bytes are mixed into the generator beside the
//! system's entropy, all or the first of them; or none is taken, and the answer says so; or they are refused.

use crate::context::{Context, Execute};
use crate::refusal::{Cause, OpResult, refuse};
use crate::settings::Seeding;
use kmip_codec::payloads::{RNGSeedRequest, RNGSeedResponse};

impl Execute for RNGSeedRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<RNGSeedResponse> {
        let settings = cx.settings();
        let data = cx.resolve_data(self.data)?;
        let taken = match settings.seeding {
            Seeding::Ignore => 0,
            Seeding::Accept => data.len().min(settings.seed_bytes_max),
            Seeding::Refuse => {
                return refuse(Cause::Denied, "this server's generator is not seeded by clients");
            }
        };
        if let Some(seed) = data.expose().get(..taken).filter(|seed| !seed.is_empty()) {
            cx.entropy.stir(seed);
        }
        Ok(RNGSeedResponse { data_length: i32::try_from(taken).unwrap_or(i32::MAX) })
    }
}
