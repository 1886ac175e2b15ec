//! What an administrator is told of the objects that a refused request named: often the reason stands there.

use crate::draft::Draft;
use crate::objects::object::Object;
use crate::rights::principal::Principal;
use crate::world::World;
use kmip_codec::attribute;
use kmip_codec::version::V2_1;
use serde::{Deserialize, Serialize};

/// The most objects of an exchange that are told of.
const OBJECTS_MAX: usize = 8;

/// How many identifiers of an exchange are looked up for that: those that stand for nothing cost as much.
const LOOKED_UP_MAX: usize = 64;

/// What is told of an object; an administrator reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// The identifier.
    pub id: String,
    /// The Object Type.
    pub object_type: String,
    /// The state at the time.
    pub state: String,
    /// The Cryptographic Algorithm, where it has one.
    pub algorithm: String,
    /// The Cryptographic Length in bits, where it has one.
    pub length: Option<i32>,
    /// The Cryptographic Usage Mask.
    pub uses: String,
    /// Who made it, where that is another client and no group is shared: for the one that asked it does not exist.
    pub foreign_owner: Option<String>,
}

impl ObjectFacts {
    fn of(object: &Object, principal: &Principal, now: i64) -> Self {
        let attributes = &object.attributes;
        let algorithm = attribute!(attributes, CryptographicAlgorithm).next();
        let uses = attribute!(attributes, CryptographicUsageMask).next();
        Self {
            id: object.id.clone(),
            object_type: format!("{:?}", object.object_type()),
            state: object.state_at(now).and_then(|state| state.name(V2_1)).unwrap_or_default().to_owned(),
            algorithm: algorithm.map(|algorithm| format!("{algorithm:?}")).unwrap_or_default(),
            length: attribute!(attributes, CryptographicLength).next().copied(),
            uses: uses.map(|uses| format!("{uses:?}")).unwrap_or_default(),
            foreign_owner: (!principal.shares(object)).then(|| object.owner.clone()),
        }
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.id.len()
            + self.uses.len()
            + self.foreign_owner.as_ref().map_or(0, String::len)
    }
}

/// What is told of these objects; of those that do not exist, nothing.
pub fn object_facts<'i>(
    world: &World<'_>,
    principal: &Principal,
    ids: impl Iterator<Item = &'i String>,
) -> Vec<ObjectFacts> {
    let mut draft = Draft::new(world, principal);
    let now = world.now.seconds();
    let mut told: Vec<ObjectFacts> = Vec::new();
    for id in ids.take(LOOKED_UP_MAX) {
        if told.len() < OBJECTS_MAX
            && told.iter().all(|one| one.id != *id)
            && let Ok(Some(object)) = draft.danger_whoever_owns(id)
        {
            told.push(ObjectFacts::of(&object, principal, now));
        }
    }
    told
}
