//! Fresh (KMIP 2.1, 4.24): whether an object has not been served by a Get yet.
//!
//! The first Get of an object that is in no group changes nothing of its record, or it would wait for the disk's sync. A row
//! beside the record says that it was got, and is deferred: the journal of reads has it before the answer leaves, and the
//! store about a second later. The next change of the object puts it into the record.

use crate::objects::object::Object;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;

impl Object {
    /// Whether nobody has got it yet.
    pub fn is_fresh(&self) -> bool {
        attribute!(self.attributes, Fresh).next() == Some(&true)
    }

    /// Whether it is in an Object Group: who asks for fresh members gets each once.
    pub fn is_group_member(&self) -> bool {
        attribute!(self.attributes, ObjectGroup).next().is_some()
    }

    /// The end of its freshness, as an attribute.
    pub fn end_freshness(&mut self) {
        self.attributes.set(Attribute::Fresh(false));
    }

    /// What the row says that tells that it was got: which object this is, of those that came one after the other to lie in
    /// its place (Import).
    pub fn served_as(&self) -> [u8; 12] {
        let mut row = [0; 12];
        let bytes = self.created.to_be_bytes().into_iter().chain(self.generation.to_be_bytes());
        row.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        row
    }
}
