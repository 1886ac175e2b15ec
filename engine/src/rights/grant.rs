//! What a ticket allows the message that shows it: rights, and how much of them is left (KMIP 2.1, 7.34 and 7.35).
//!
//! A grant only ever takes away: its holder acts as the giver, whose own right to an object is asked first.

use crate::objects::object::Object;
use crate::refusal::{Cause, Refusal, not_found};
use kmip_codec::attribute;
use kmip_codec::operations::Operation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So many of these operations on these objects; what is `None` is not restricted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right {
    /// The operations, by number.
    pub operations: Option<BTreeSet<u32>>,
    /// The identifiers of objects.
    pub objects: Option<BTreeSet<String>>,
    /// Object Groups, one of which an object must be in.
    pub groups: Option<BTreeSet<String>>,
    /// How many operations are left.
    pub left: Option<i64>,
}

impl Right {
    fn lists(&self, operation: Operation) -> bool {
        let named = self.operations.as_ref().is_none_or(|operations| operations.contains(&operation.0));
        named && self.left.is_none_or(|left| left > 0)
    }

    fn is_on_any_object(&self) -> bool {
        self.objects.is_none() && self.groups.is_none()
    }

    fn is_on(&self, object: &Object) -> bool {
        let mut groups = attribute!(object.attributes, ObjectGroup);
        self.objects.as_ref().is_none_or(|objects| objects.contains(&object.id))
            && self.groups.as_ref().is_none_or(|wanted| groups.any(|group| wanted.contains(group)))
    }
}

/// What is left of a ticket, and what the present item takes of it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grant {
    /// The rights; `None` for all that the giver has.
    pub rights: Option<Vec<Right>>,
    /// How many operations are left in all.
    pub left: Option<i64>,
    /// Whether somebody else than the giver may hold it: what the giver logs in with is never lent.
    #[serde(skip)]
    pub is_lent: bool,
    /// The operation of the present item.
    #[serde(skip)]
    asked: Option<Operation>,
    /// The right that it was allowed by.
    #[serde(skip)]
    used: Option<usize>,
}

impl Grant {
    /// A grant that no item has used yet.
    pub fn new(rights: Option<Vec<Right>>, left: Option<i64>) -> Self {
        Self { rights, left, is_lent: false, asked: None, used: None }
    }

    /// The grant between two items.
    pub fn between_items(self) -> Self {
        Self::new(self.rights, self.left)
    }

    /// Begins an item: its operation must be among those allowed. A ticket makes no other tickets.
    pub fn begin(&mut self, operation: Operation) -> Result<(), Refusal> {
        (self.asked, self.used) = (Some(operation), None);
        if self.left.is_some_and(|left| left < 1) {
            return Err(Refusal::new(Cause::UsageLimit, "the usage limits of the ticket are spent"));
        }
        let makes_tickets = matches!(operation, Operation::Login | Operation::DelegatedLogin);
        let listed = |rights: &Vec<Right>| rights.iter().any(|right| right.lists(operation));
        if makes_tickets || !self.rights.as_ref().is_none_or(listed) {
            return Err(denied());
        }
        Ok(())
    }

    /// How many rights there are, each of which is held against each object.
    pub fn rights_count(&self) -> usize {
        self.rights.as_ref().map_or(0, Vec::len)
    }

    /// Whether the present item may use the object.
    pub fn covers(&self, object: &Object) -> bool {
        self.rights.is_none() || self.right_on(object).is_some()
    }

    /// Uses an object for the present item. What is not covered does not exist for the holder.
    pub fn consume(&mut self, object: &Object) -> Result<(), Refusal> {
        if self.rights.is_none() {
            return Ok(());
        }
        let right = self.right_on(object).ok_or_else(|| not_found(&object.id))?;
        self.used.get_or_insert(right);
        Ok(())
    }

    /// Ends an item that succeeded, and counts it. One that used no object needs a right that names none; but Locate is
    /// allowed by any, because it finds only what they cover.
    pub fn end(&mut self) -> Result<(), Refusal> {
        let Some(operation) = self.asked.take() else { return Ok(()) };
        if let Some(rights) = &mut self.rights {
            let fits = |right: &Right| {
                right.lists(operation) && (right.is_on_any_object() || operation == Operation::Locate)
            };
            let used = self.used.take().or_else(|| rights.iter().position(fits)).ok_or_else(denied)?;
            if let Some(left) = rights.get_mut(used).and_then(|right| right.left.as_mut()) {
                *left -= 1;
            }
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Ok(())
    }

    fn right_on(&self, object: &Object) -> Option<usize> {
        let operation = self.asked?;
        self.rights.as_ref()?.iter().position(|right| right.lists(operation) && right.is_on(object))
    }
}

fn denied() -> Refusal {
    Refusal::new(
        Cause::Denied,
        "the ticket, or the certificate that was replaced, does not allow this operation; where the certificate that took its \
         place is lost, an administrator makes another (keystead client add NAME --replace)",
    )
}
