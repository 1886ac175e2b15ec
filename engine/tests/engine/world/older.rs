//! Records as servers before this one have written them.

use super::Bench;
use keystead_engine::draft::Draft;
use keystead_engine::rights::principal::Principal;
use kmip_codec::Tag;
use kmip_codec::attributes::Attribute;
use kmip_codec::declare::Field as _;
use kmip_codec::objects::ManagedObject;
use kmip_codec::operations::Operation;
use kmip_codec::version::STORED;
use kmip_codec::wire::BinarySink;

impl Bench {
    /// Writes the record of an object with these attributes, and its value, as servers before this one have: past the checks of
    /// today.
    pub fn as_older(
        &mut self,
        who: &Principal,
        id: &str,
        attributes: Vec<Attribute>,
        value: Option<&ManagedObject>,
    ) {
        let view = self.snapshot();
        let world = self.world(&view);
        let mut draft = Draft::new(&world, who);
        let mut object = draft.object(id, Operation::ModifyAttribute).unwrap();
        object.attributes.take_in(attributes);
        if let Some(value) = value {
            let mut out = BinarySink::new(STORED);
            value.write(Tag::SymmetricKey, &mut out);
            draft.put_value(&object, &out.finish().into()).unwrap();
        }
        draft.put(object).unwrap();
        let changes = draft.finish().unwrap();
        drop(view);
        self.commit(changes);
    }

    /// Writes an object as older servers have, which did not note as whom it is rotated.
    pub fn forget_as_whom(&mut self, who: &Principal, id: &str) {
        let view = self.snapshot();
        let world = self.world(&view);
        let nobody = Principal::default();
        let mut object = Draft::new(&world, who).object(id, Operation::ModifyAttribute).unwrap();
        let mut draft = Draft::new(&world, &nobody);
        object.rotated_as = None;
        draft.put(object).unwrap();
        let changes = draft.finish().unwrap();
        drop(view);
        self.commit(changes);
    }
}
