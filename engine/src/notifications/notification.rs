//! What clients are told without having asked (KMIP 2.1, 6.2.2 and 6.2.3): which changes of a batch concern which
//! endpoint, by the configuration. A notification holds attributes and identifiers, never a value: that is read, and the right
//! to it checked, when the notification is sent.

use crate::changes::Changes;
use crate::draft::{Age, Draft};
use crate::keyspace::{Index, PENDING};
use crate::need::Need;
use crate::objects::object::Object;
use crate::refusal::Interrupt;
use crate::rights::principal::Principal;
use crate::settings::{Put, Subscription, ToldChanges};
use crate::world::World;
use kmip_codec::attributes::{Attribute, AttributeReference, Attributes, Entry};
use kmip_codec::enums::LinkType;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// One thing to tell a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Which client.
    pub to: String,
    /// The object.
    pub object: String,
    /// What of it.
    pub what: What,
}

/// What is told of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The object itself.
    Put {
        /// The one that it replaces.
        replaced: Option<String>,
    },
    /// Attributes.
    Notify {
        /// Every instance of those that changed.
        changed: Attributes,
        /// The instances that are gone.
        gone: Vec<(AttributeReference, i32)>,
    },
}

/// What the draft's changes mean for the subscribers; `actor` is who made them, if a client did.
pub fn of(draft: &Draft<'_>, subscriptions: &[Subscription], actor: Option<&str>) -> Vec<Notification> {
    let mut notifications = Vec::new();
    if subscriptions.is_empty() {
        return notifications;
    }
    for (object, before) in draft.changed() {
        let concerned = subscriptions.iter().filter(|subscription| subscription.shares(&object));
        for subscription in concerned {
            let what = match &before {
                None => subscription.put(&object),
                Some(before) => subscription.notify(actor, before, &object),
            };
            let (to, object) = (subscription.client.clone(), object.id.clone());
            notifications.extend(what.map(|what| Notification { to, object, what }));
        }
    }
    notifications
}

/// What dates have led to.
#[derive(Debug)]
pub struct Settled {
    /// What to commit.
    pub changes: Changes,
    /// The objects whose states are stored.
    pub moved: Vec<String>,
    /// What to tell clients, once the changes are durable.
    pub notifications: Vec<Notification>,
    /// Whether there may be more to settle.
    pub goes_on: bool,
}

/// How many objects are settled in one commit.
const SETTLED_MAX: usize = 256;

/// Stores the states to which dates have led the objects of a subscriber, as if the server had moved them now; so many of them
/// that one commit is not too long.
pub fn apply_dates(world: &World<'_>, subscription: &Subscription) -> Result<Settled, Need> {
    let principal = Principal {
        name: subscription.client.clone(),
        groups: subscription.groups.clone(),
        ..Principal::default()
    };
    let mut draft = Draft::new(world, &principal);
    let pending = [(Index::State, PENDING.to_vec())];
    let mut moved: Vec<String> = Vec::new();
    let settled = draft.candidates(&pending, (Age::OldestFirst, None), &mut |draft, mut object| {
        if draft.was_moved(&object)? {
            object.touch(world.now.seconds());
            moved.push(object.id.clone());
            draft.put(object)?;
        }
        Ok(if moved.len() < SETTLED_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    match settled {
        Ok(()) => {
            let notifications = of(&draft, &world.settings.subscriptions, None);
            let goes_on = moved.len() == SETTLED_MAX;
            Ok(Settled { changes: draft.finish()?, moved, notifications, goes_on })
        }
        Err(Interrupt::Need(need)) => Err(need),
        Err(Interrupt::Refused(refusal)) => Err(Need::Failed(refusal.message.into_owned())),
    }
}

impl Subscription {
    /// Whether anything of it may happen by itself.
    pub fn follows_dates(&self) -> bool {
        self.notify != ToldChanges::None
    }

    fn shares(&self, object: &Object) -> bool {
        object.owner == self.client || object.group.as_ref().is_some_and(|group| self.groups.contains(group))
    }

    fn put(&self, object: &Object) -> Option<What> {
        let replaced = object.linked(LinkType::ReplacedObjectLink).map(str::to_owned);
        let kind = if replaced.is_some() { Put::Replaced } else { Put::New };
        self.put.contains(&kind).then_some(What::Put { replaced })
    }

    fn notify(&self, actor: Option<&str>, before: &Object, object: &Object) -> Option<What> {
        match self.notify {
            ToldChanges::None => None,
            ToldChanges::Others if actor == Some(self.client.as_str()) => None,
            _ => difference(before, object),
        }
    }
}

/// The attributes that differ, with Last Change Date, which a notification always has.
fn difference(before: &Object, object: &Object) -> Option<What> {
    let (old, new) = (before.attributes.by_reference(), object.attributes.by_reference());
    let mut differing: Vec<AttributeReference> = object.attributes.references();
    let before = before.attributes.references();
    differing.extend(before.into_iter().filter(|reference| !new.contains_key(reference)));
    differing.retain(|reference| old.get(reference) != new.get(reference));
    if differing.is_empty() {
        return None;
    }
    let gone = differing.iter().flat_map(|reference| {
        let left = new.get(reference).into_iter().flatten().map(|entry| entry.index);
        let left: HashSet<Option<i32>> = left.collect();
        let gone = old.get(reference).into_iter().flatten().filter(move |entry| !left.contains(&entry.index));
        gone.map(|entry| (reference.clone(), entry.index.unwrap_or_default()))
    });
    let gone = gone.collect();
    let differing: HashSet<&AttributeReference> = differing.iter().collect();
    let last_change = |entry: &Entry| matches!(entry.attribute, Attribute::LastChangeDate(_));
    let is_changed = |entry: &Entry| last_change(entry) || differing.contains(&entry.attribute.reference());
    let changed = object.attributes.entries().0.iter().filter(|entry| is_changed(entry)).cloned().collect();
    Some(What::Notify { changed: Attributes(changed), gone })
}
