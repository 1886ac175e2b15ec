//! Looking through many objects in order of their creation: the indexes that list them are read in pages and merged, so
//! that the memory of it is a page of each, however many there are and wherever one begins.

use super::Draft;
use super::pending::Position;
use crate::keyspace::{self, Index, Scope};
use crate::objects::index;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, refuse, unless_damaged};
use crate::work;
use crate::world::{Direction, View};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Which objects come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Age {
    /// The ones made last.
    #[default]
    NewestFirst,
    /// The ones made first.
    OldestFirst,
}

impl Age {
    /// Index entries have the newest first.
    fn direction(self) -> Direction {
        match self {
            Self::NewestFirst => Direction::Forward,
            Self::OldestFirst => Direction::Backward,
        }
    }

    /// Whether one position comes before another.
    fn is_before(self, one: &Position, other: &Position) -> bool {
        match self {
            Self::NewestFirst => one < other,
            Self::OldestFirst => one > other,
        }
    }
}

/// How many entries of an index are read at once.
const PAGE: usize = 64;

/// The entries of one value of an index that have not been passed yet.
struct Listed {
    prefix: Vec<u8>,
    page: VecDeque<Position>,
    /// The key behind which the next page begins.
    after: Option<Vec<u8>>,
    is_at_end: bool,
}

impl Listed {
    /// The one object that holds a claim, which is found by it.
    fn claimant(value: &[u8], (age, behind): (Age, Option<&Position>)) -> Option<Self> {
        let (created, place) = keyspace::claimant(value)?;
        let position = (Reverse(created), place.to_owned());
        let is_passed = behind.is_some_and(|behind| !age.is_before(behind, &position));
        let page = if is_passed { VecDeque::new() } else { VecDeque::from([position]) };
        Some(Self { prefix: Vec::new(), page, after: None, is_at_end: true })
    }

    fn new(prefix: Vec<u8>, behind: Option<&Position>) -> Self {
        let after = behind.map(|(Reverse(created), place)| keyspace::entry(&prefix, *created, place));
        Self { prefix, page: VecDeque::new(), after, is_at_end: false }
    }

    /// The next entry, without passing it.
    fn peek(&mut self, view: &dyn View, age: Age) -> OpResult<Option<&Position>> {
        if self.page.is_empty() && !self.is_at_end {
            let (page, last, length) = (&mut self.page, &mut None, self.prefix.len());
            let mut collect = |key: &[u8]| {
                page.extend(
                    keyspace::entry_parts(key, length).map(|(made, place)| (Reverse(made), place.to_owned())),
                );
                if page.len() < PAGE {
                    return ControlFlow::Continue(());
                }
                *last = Some(key.to_vec());
                ControlFlow::Break(())
            };
            let read = view.scan_from(&self.prefix, age.direction(), self.after.as_deref(), &mut collect);
            read.map_err(Interrupt::Need)?;
            self.is_at_end = last.is_none();
            self.after = last.take();
        }
        Ok(self.page.front())
    }
}

impl Draft<'_> {
    /// The objects with one of these index values among those that the principal may see, each once, in order of
    /// creation, those changed by this draft included; until the visitor breaks. None of them is remembered.
    pub fn candidates(
        &mut self,
        indexes: &[(Index, Vec<u8>)],
        (age, behind): (Age, Option<&(u64, String)>),
        visit: &mut dyn FnMut(&mut Self, Object) -> OpResult<ControlFlow<()>>,
    ) -> OpResult<()> {
        let (scopes, mut lists) = (self.scopes(), Vec::new());
        for (index, value) in indexes {
            lists.extend(scopes.iter().map(|scope| (scope, (*index, value.as_slice()))));
        }
        let behind = behind.map(|(created, place)| (Reverse(*created), place.clone()));
        self.in_order(&lists, (age, true, behind), &mut |draft, (_, place)| {
            draft.count_looked_at()?;
            let glanced = unless_damaged(draft.glance(place))?;
            let found = glanced.map_or(Ok(None), |object| draft.shown(object))?;
            found.map_or(Ok(ControlFlow::Continue(())), |object| visit(draft, object))
        })
    }

    /// Counts an object that is looked at, and refuses the work of too many.
    pub(super) fn count_looked_at(&mut self) -> OpResult<()> {
        let most = self.world.settings.looked_at_max;
        if self.looked_at >= most {
            let text = format!(
                "the request has looked at {most} objects, which is the most for one: look for a Name or another attribute \
                 that few objects have, or in several requests"
            );
            return refuse(Cause::Limit, text);
        }
        self.looked_at += 1;
        Ok(())
    }

    /// The places that these index values list, each once; where it is asked for with those of the objects that this draft has
    /// changed, whatever their index values.
    pub(super) fn in_order(
        &mut self,
        wanted: &[(&Scope, (Index, &[u8]))],
        (age, with_changed, behind): (Age, bool, Option<Position>),
        visit: &mut dyn FnMut(&mut Self, &Position) -> OpResult<ControlFlow<()>>,
    ) -> OpResult<()> {
        let mut lists = Vec::new();
        for (scope, of) in wanted {
            lists.extend(self.listed(scope, *of, (age, behind.as_ref()))?);
        }
        let mut last = behind;
        loop {
            let changed = self.pending.next_object(last.as_ref(), age == Age::OldestFirst);
            let mut next = changed.filter(|_| with_changed).cloned();
            for list in &mut lists {
                if let Some(position) = list.peek(self.world.view, age)?
                    && next.as_ref().is_none_or(|next| age.is_before(position, next))
                {
                    next = Some(position.clone());
                }
            }
            let Some(next) = next else { return Ok(()) };
            for list in &mut lists {
                if list.page.front() == Some(&next) {
                    list.page.pop_front();
                }
            }
            if visit(self, &next)?.is_break() {
                return Ok(());
            }
            last = Some(next);
        }
    }

    /// The lists of an index value.
    fn listed(
        &self,
        scope: &Scope,
        of: (Index, &[u8]),
        (age, behind): (Age, Option<&Position>),
    ) -> OpResult<Vec<Listed>> {
        let prefixes = index::lists(self.world.view, scope, of).map_err(Interrupt::Need)?;
        self.take_time_beside(work::scanning(prefixes.len()))?;
        let mut claim = None;
        if let (Index::Name, Scope::Owner(owner)) = (of.0, scope) {
            claim = self.world.view.get(&keyspace::claim(owner, of.1)).map_err(Interrupt::Need)?;
        }
        let claimant = claim.and_then(|value| Listed::claimant(&value, (age, behind)));
        Ok(claimant
            .into_iter()
            .chain(prefixes.into_iter().map(|prefix| Listed::new(prefix, behind)))
            .collect())
    }
}
