//! Going back to a savepoint, and what is not to be spoken of then: what was made since has never been.

use super::{Draft, Savepoint};
use std::collections::BTreeSet;

/// How a message calls an object that was made and is not there any more.
const SUCH_AN_OBJECT: &str = "an object that was undone";

/// What a draft had made and has no more, by the names that the server gave it: identifiers of objects, and correlation values
/// of asynchronous requests in hexadecimal. What clients have named (Import) is their own word, and not among them.
#[derive(Clone, Debug, Default)]
pub struct Undone(BTreeSet<String>);

impl Undone {
    /// Whether it is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// The message without their names.
    pub fn strike(&self, message: String) -> String {
        self.0.iter().fold(message, |message, name| {
            if !message.contains(name) {
                return message;
            }
            let forms = [format!("object {name:?}"), format!("{name:?}"), name.clone()];
            forms.iter().fold(message, |message, form| message.replace(form, SUCH_AN_OBJECT))
        })
    }
}

impl Draft<'_> {
    /// Notes a name that the server gives to what it makes.
    pub fn note_made(&mut self, name: &str) {
        self.pending.made.push(name.to_owned());
    }

    /// What was made, if it comes to nothing after all.
    pub fn made(&self) -> Undone {
        Undone(self.pending.made.iter().cloned().collect())
    }

    /// Marks where to go back to.
    pub fn savepoint(&mut self) -> Savepoint {
        self.pending.savepoint()
    }

    /// Forgets a savepoint that nothing goes back to any more.
    pub fn keep(&mut self, savepoint: Savepoint) {
        self.pending.keep(savepoint);
    }

    /// Drops what was collected since, and tells what that had made.
    pub fn roll_back(&mut self, savepoint: Savepoint) -> Undone {
        let (places, made) = self.pending.roll_back(savepoint);
        for place in places {
            self.stored.remove(&place);
            self.recent.retain(|(recent, _)| *recent != place);
        }
        Undone(made.into_iter().collect())
    }

    /// Undoes what was collected since, and tells what that had made. What it has taken of a ticket stays taken: the operations
    /// were performed.
    pub fn undo(&mut self, savepoint: Savepoint) -> Undone {
        let grant = self.pending.grant.take();
        let undone = self.roll_back(savepoint);
        self.pending.grant = grant;
        undone
    }
}
