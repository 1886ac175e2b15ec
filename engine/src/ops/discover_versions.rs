//! Discover Versions (KMIP 2.1, 6.1.16): what both sides speak, newest first.

use crate::context::{Context, Execute};
use crate::refusal::OpResult;
use kmip_codec::payloads::{DiscoverVersionsRequest, DiscoverVersionsResponse};
use kmip_codec::version::VERSIONS;

impl Execute for DiscoverVersionsRequest {
    fn execute(self, _: &mut Context<'_, '_>) -> OpResult<DiscoverVersionsResponse> {
        let spoken = VERSIONS.into_iter().rev();
        let wanted =
            |version: &kmip_codec::Version| self.versions.is_empty() || self.versions.contains(version);
        Ok(DiscoverVersionsResponse { versions: spoken.filter(wanted).collect() })
    }
}
