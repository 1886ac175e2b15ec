//! Register (KMIP 2.1, 6.1.43): takes in an object that was made elsewhere.

use crate::context::{Context, Execute};
use crate::objects::creation;
use crate::objects::intake;
use crate::objects::references;
use crate::objects::storage;
use crate::refusal::OpResult;
use kmip_codec::attributes::Attributes;
use kmip_codec::objects::ManagedObject;
use kmip_codec::payloads::{RegisterRequest, RegisterResponse};

impl Execute for RegisterRequest {
    fn execute(mut self, cx: &mut Context<'_, '_>) -> OpResult<RegisterResponse> {
        storage::check(self.protection_storage_masks.as_ref())?;
        intake::check_type(self.object_type, &self.object)?;
        let mut given = creation::given(cx, Some(self.attributes))?;
        references::in_value(cx, &mut self.object)?;
        if let ManagedObject::Template(template) = &self.object {
            let inside = template.attributes.iter().flat_map(|list| list.0.iter());
            given.0.extend(inside.filter(|a| creation::is_name(a)).cloned().collect::<Attributes>().0);
        }
        let id = intake::store(cx, given, self.object)?;
        Ok(RegisterResponse { unique_identifier: id.into(), attributes: None })
    }
}
