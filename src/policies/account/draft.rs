//! The account as it is to be.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::error::{ChangeError, Code, Problem};
use super::event::{Actor, Event, EventKind};
use super::id::Id;
use super::objects::{Collection, GhostPort, GroupSettings, Interface, Object, Objects, UsedCode, Zone};
use super::policy::Policy;
use super::service::Service;
use crate::clock::Timestamp;
use crate::config::HaloLimits;

/// The account as it is to be, with what has to be written for that.
#[derive(Debug)]
pub struct Draft<'a> {
    /// All objects, as they are to be.
    pub(super) objects: Objects,
    pub(super) directory: &'a Directory,
    pub(super) limits: HaloLimits,
    /// The names of the zones that feeds keep.
    pub(super) feeds: &'a HashSet<String>,
    pub(super) by: By,
    pub(super) now: Timestamp,
    writes: BTreeMap<String, Option<String>>,
    touched: HashSet<Id>,
    made: u64,
}

/// Who asks for a change, and from where.
#[derive(Debug, Clone)]
pub struct By {
    /// Who it is.
    pub actor: Actor,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

impl By {
    /// The gateway itself.
    pub const GATEWAY: Self = Self { actor: Actor::Gateway, address: None };

    /// The label of its key, where it has one.
    pub(super) fn label(&self) -> Option<String> {
        match &self.actor {
            Actor::Key { label, .. } => Some(label.clone()),
            Actor::Gateway | Actor::User(_) => None,
        }
    }
}

/// What has happened, and is not among the events yet.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) by: By,
    pub(super) at: Timestamp,
    pub(super) kind: EventKind,
    pub(super) message: String,
}

/// What rules may name that is not the account's own.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// The groups: those whose firewalls are there, and those that something is kept of.
    pub groups: Vec<GroupSettings>,
    /// The users, by the names that they have here.
    pub users: Vec<String>,
}

/// What documents of the account begin with.
pub(super) const DOCUMENTS: &str = "halo/";

/// How many characters a name has, at the most.
const MAX_NAME: usize = 255;

/// How many characters any other text has.
const MAX_TEXT: usize = 10_000;

/// How many events are kept: beyond, the oldest are forgotten.
const MAX_EVENTS: usize = 10_000;

/// How many objects one change makes, at the most: each has a number of its own.
const MADE_AT_ONCE: u64 = 1 << 20;

/// Where objects of a kind are.
pub(super) trait Kept: Object + Sized {
    fn all(objects: &Objects) -> &Collection<Self>;
    fn all_mut(objects: &mut Objects) -> &mut Collection<Self>;
}

macro_rules! kept {
    ($($object:ty: $field:ident)*) => {$(
        impl Kept for $object {
            fn all(objects: &Objects) -> &Collection<Self> {
                &objects.$field
            }

            fn all_mut(objects: &mut Objects) -> &mut Collection<Self> {
                &mut objects.$field
            }
        }
    )*};
}

kept! {
    Policy: policies
    Zone: zones
    Service: services
    Interface: interfaces
    GroupSettings: groups
    GhostPort: ghost_ports
    UsedCode: used_codes
    Event: events
}

/// The name of an object's document.
pub(super) fn document<T: Object>(id: Id) -> String {
    format!("{DOCUMENTS}{}/{id}", T::KIND)
}

/// The id of a user.
pub fn user_id(name: &str) -> Id {
    Id::of(&["user", name])
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        objects: Objects,
        directory: &'a Directory,
        limits: HaloLimits,
        feeds: &'a HashSet<String>,
        by: By,
        now: Timestamp,
    ) -> Self {
        // Events are told without a change of the revision.
        let last_event = objects.events.iter().last().map(|event| event.made).unwrap_or_default();
        let made = last_event.max((objects.revision + 1) * MADE_AT_ONCE);
        Self { objects, directory, limits, feeds, by, now, writes: BTreeMap::new(), touched: HashSet::new(), made }
    }

    /// All objects, as they are to be.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Tells that something has happened. Of the oldest events so many are forgotten that there are not too many.
    pub(super) fn tell(&mut self, kind: EventKind, message: String, policy: Option<&str>) -> Result<(), ChangeError> {
        let too_many = (self.objects.events.len() + 1).saturating_sub(MAX_EVENTS);
        let gone: Vec<_> = self.objects.events.iter().take(too_many).map(|event| event.id).collect();
        for id in gone {
            self.writes.insert(document::<Event>(id), None);
            self.objects.events.remove(id);
        }
        let event = Event {
            id: Id::new(),
            made: self.number(),
            kind,
            message,
            created_at: self.now.millis(),
            actor: self.by.actor.clone(),
            address: self.by.address,
            policy: policy.map(str::to_owned),
        };
        let text = serde_json::to_string(&event).map_err(|why| ChangeError::Backend(why.to_string()))?;
        self.writes.insert(document::<Event>(event.id), Some(text));
        self.objects.events.push(event);
        Ok(())
    }

    /// What has to be written, and which objects have changed.
    pub(super) fn end(self) -> (Objects, BTreeMap<String, Option<String>>, HashSet<Id>) {
        (self.objects, self.writes, self.touched)
    }

    /// The number of an object that is made now.
    pub(super) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// The object with this id.
    pub(super) fn find<T: Kept>(&self, id: &str) -> Result<Arc<T>, ChangeError> {
        let found = Id::read(id).and_then(|id| T::all(&self.objects).get(id).cloned());
        found.ok_or_else(|| ChangeError::NotFound { kind: T::KIND, id: id.to_owned() })
    }

    pub(super) fn put<T: Kept>(&mut self, object: T) -> Result<(), ChangeError> {
        let text = serde_json::to_string(&object).map_err(|why| ChangeError::Backend(why.to_string()))?;
        self.writes.insert(document::<T>(object.id()), Some(text));
        self.touched.insert(object.id());
        T::all_mut(&mut self.objects).put(Arc::new(object));
        Ok(())
    }

    /// That what rules name by this id has changed.
    pub(super) fn touch(&mut self, id: Id) {
        self.touched.insert(id);
    }

    pub(super) fn remove<T: Kept>(&mut self, id: Id) {
        self.writes.insert(document::<T>(id), None);
        self.touched.insert(id);
        T::all_mut(&mut self.objects).remove(id);
    }

    /// A new object's name, or another name of the one with this id.
    pub(super) fn name<T: Kept>(&self, text: &str, of: Option<Id>) -> Result<String, Problem> {
        let name = text.trim();
        let problem = |code, details: String| Problem::new("name", text, code, details);
        match name.chars().count() {
            0 => return Err(problem(Code::Required, "Name required".into())),
            1..=MAX_NAME => {}
            _ => return Err(problem(Code::TooLong, format!("must not be more than {MAX_NAME} characters long."))),
        }
        if name.contains(char::is_control) {
            return Err(problem(Code::Invalid, "A name has no control characters".into()));
        }
        let is_taken = T::all(&self.objects).iter().any(|other| other.name() == name && Some(other.id()) != of);
        match is_taken {
            true => Err(problem(Code::Taken, "Another one has this name: choose one that nobody has".into())),
            false => Ok(name.to_owned()),
        }
    }

    /// Whether there may be one more of its kind.
    pub(super) fn check_room<T: Kept>(&self) -> Result<(), ChangeError> {
        let most = self.limits.objects;
        match T::all(&self.objects).len() < most {
            true => Ok(()),
            false => {
                let details = format!("There are {most} already, and there may be no more: delete some");
                Err(Problem::new(T::KIND, "", Code::TooMany, details).into())
            }
        }
    }

    /// That an object is not always there as it is.
    pub(super) fn check_not_built_in(is_built_in: bool, name: &str) -> Result<(), ChangeError> {
        match is_built_in {
            true => {
                Err(Problem::new("system", name, Code::System, format!("'{name}' is always there as it is")).into())
            }
            false => Ok(()),
        }
    }

    /// That no rule names an object.
    pub(super) fn check_unused(&self, id: Id) -> Result<(), ChangeError> {
        let users: Vec<_> = self.objects.users_of(id).map(|policy| format!("'{}'", policy.name)).collect();
        match users.is_empty() {
            true => Ok(()),
            false => {
                let details = format!("Rules of these policies use it: {}. Change those first", users.join(", "));
                Err(Problem::new("id", &id.to_string(), Code::InUse, details).into())
            }
        }
    }
}

/// A text that is no name.
pub(super) fn text(field: &'static str, text: &str) -> Result<String, Problem> {
    match text.chars().nth(MAX_TEXT) {
        Some(_) => {
            let details = format!("must not be more than {MAX_TEXT} characters long.");
            Err(Problem::new(field, text, Code::TooLong, details))
        }
        None => Ok(text.to_owned()),
    }
}

/// What is wrong of several things, all at once.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// What it comes to, unless it is wrong.
    pub(super) fn note<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.0.push(problem)).ok()
    }

    /// One more.
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// That nothing is wrong.
    pub(super) fn check(&mut self) -> Result<(), ChangeError> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(ChangeError::Invalid(std::mem::take(&mut self.0))),
        }
    }
}
