//! What rules name: found by id or by name.

use crate::policies::account::address_list::AddressList;
use crate::policies::account::draft::{Draft, Kept, user_id};
use crate::policies::account::error::{Code, Problem};
use crate::policies::account::id::Id;
use crate::policies::account::objects::{GroupSettings, Interface, Zone};
use crate::policies::account::rule::{ALL_SERVERS, ALL_USERS, Chain, Peer};
use crate::policies::account::service::{Service, Traffic};

/// An object as a rule names it. What is left out, or empty, is none.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// What kind of other end it is of.
    pub kind: Option<PeerKind>,
    /// The id.
    pub id: Option<String>,
    /// The name, of users that by which they log in.
    pub name: Option<String>,
    /// The protocol of a service.
    pub protocol: Option<String>,
    /// The ports of a service; none inside for all.
    pub port: Option<Option<String>>,
    /// The addresses of a zone.
    pub addresses: Option<String>,
}

/// What kind of thing another end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerKind {
    /// A zone.
    Zone,
    /// A group of servers, or all of them.
    Group,
    /// A user.
    User,
    /// All users.
    UserGroup,
    /// None that there is.
    Unknown,
}

/// How something is found that a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By its id alone, where there is one.
    Id,
    /// By its name where nothing has its id: it comes from another account.
    IdOrName,
}

impl PeerKind {
    /// Reads its name in any case.
    pub fn read(text: &str) -> Self {
        let is = |name: &str| text.trim().eq_ignore_ascii_case(name);
        match () {
            () if is("FirewallZone") => Self::Zone,
            () if is("Group") => Self::Group,
            () if is("User") => Self::User,
            () if is("UserGroup") => Self::UserGroup,
            () => Self::Unknown,
        }
    }
}

impl Reference {
    /// What is told of it where there is none.
    fn shown(&self) -> &str {
        self.id.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }

    fn says(&self, name: &str) -> bool {
        [&self.id, &self.name].into_iter().flatten().any(|text| text.trim().eq_ignore_ascii_case(name))
    }
}

impl Draft<'_> {
    /// The service that a rule names.
    pub(super) fn service(&self, reference: &Reference, by: By) -> Result<Id, Problem> {
        self.object::<Service>("firewall_service", reference, by, |service| {
            let traffic = &service.traffic;
            let port = reference.port.as_ref().map_or(traffic.port(), Option::as_deref);
            let protocol = reference.protocol.as_deref().unwrap_or(traffic.protocol());
            Traffic::new(protocol, port).as_ref() == Ok(traffic)
        })
    }

    /// The interface that a rule names.
    pub(super) fn interface(&self, reference: &Reference, by: By) -> Result<Id, Problem> {
        self.object::<Interface>("firewall_interface", reference, by, |_| true)
    }

    /// The other end that a rule names, in this field.
    ///
    /// Groups that it names are kept from now on.
    pub(super) fn peer(
        &mut self,
        field: &'static str,
        reference: &Reference,
        chain: Chain,
        by: By,
    ) -> Result<Peer, Problem> {
        let kind = reference.kind;
        let none = || Problem::new(field, reference.shown(), Code::NotFound, "There is no such zone, group or user");
        let is = |wanted| kind.is_none_or(|kind| kind == wanted);
        if is(PeerKind::Group) && reference.says(ALL_SERVERS) {
            return Ok(Peer::AllServers);
        }
        if is(PeerKind::UserGroup) && reference.says(ALL_USERS) {
            return self.of_users(field, reference, chain, Peer::AllUsers);
        }
        match kind {
            Some(PeerKind::Zone) => self.zone(field, reference, by).map(Peer::Zone),
            Some(PeerKind::Group) => self.group(reference, by).map(Peer::Group).ok_or_else(none),
            Some(PeerKind::User) => {
                let user = self.user(reference, by).ok_or_else(none)?;
                self.of_users(field, reference, chain, Peer::User(user))
            }
            Some(PeerKind::UserGroup) => {
                let details = format!("The only group of users is '{ALL_USERS}'");
                Err(Problem::new(field, reference.shown(), Code::NotFound, details))
            }
            Some(PeerKind::Unknown) => {
                let details = "The type is FirewallZone, Group, User or UserGroup";
                Err(Problem::new(field, reference.shown(), Code::Invalid, details))
            }
            None => match self.zone(field, reference, by) {
                Ok(zone) => Ok(Peer::Zone(zone)),
                // One of this name is meant, though it is not as it was said.
                Err(problem) if problem.code != Code::NotFound => Err(problem),
                Err(_) => match (self.group(reference, by), self.user(reference, by)) {
                    (Some(group), _) => Ok(Peer::Group(group)),
                    (None, Some(user)) => self.of_users(field, reference, chain, Peer::User(user)),
                    (None, None) => Err(none()),
                },
            },
        }
    }

    /// Traffic that goes out is never a user's.
    fn of_users(&self, field: &str, reference: &Reference, chain: Chain, peer: Peer) -> Result<Peer, Problem> {
        match chain {
            Chain::Input => Ok(peer),
            Chain::Output => {
                let details = "Users are sources of INPUT rules only";
                Err(Problem::new(field, reference.shown(), Code::Invalid, details))
            }
        }
    }

    fn zone(&self, field: &'static str, reference: &Reference, by: By) -> Result<Id, Problem> {
        self.object::<Zone>(field, reference, by, |zone| {
            let same = |text: &String| AddressList::read(text).is_ok_and(|list| list.is_same(&zone.addresses));
            reference.addresses.as_ref().is_none_or(same)
        })
    }

    fn group(&mut self, reference: &Reference, by: By) -> Option<Id> {
        let groups = &self.directory.groups;
        let by_id = reference.id.as_deref().map(|id| {
            let id = Id::read(id)?;
            groups.iter().find(|group| group.id == id)
        });
        let by_name = || groups.iter().find(|group| Some(&group.name) == reference.name.as_ref());
        let found = match by_id {
            Some(None) if by == By::Id => None,
            Some(Some(found)) => Some(found),
            Some(None) | None => by_name(),
        }?;
        let id = found.id;
        if self.objects.groups.get(id).is_none() {
            let made = self.number();
            self.put(GroupSettings { made, ..found.clone() }).ok()?;
        }
        Some(id)
    }

    fn user(&self, reference: &Reference, by: By) -> Option<Id> {
        let users = &self.directory.users;
        let named = || users.iter().find(|name| Some(*name) == reference.name.as_ref()).map(|name| user_id(name));
        let Some(id) = &reference.id else { return named() };
        let id = Id::read(id).filter(|id| users.iter().any(|name| user_id(name) == *id));
        id.or_else(|| named().filter(|_| by == By::IdOrName))
    }

    /// The object that is named in this field, and is the same where it comes from another account.
    fn object<T: Kept>(
        &self,
        field: &'static str,
        reference: &Reference,
        by: By,
        is_same: impl Fn(&T) -> bool,
    ) -> Result<Id, Problem> {
        let all = T::all(&self.objects);
        let none = || {
            let details = format!("There is no such {}: give the id of one, or its name", T::KIND);
            Problem::new(field, reference.shown(), Code::NotFound, details)
        };
        let by_name = || reference.name.as_ref().and_then(|name| all.named(name.trim())).ok_or_else(none);
        let Some(id) = &reference.id else { return Ok(by_name()?.id()) };
        match Id::read(id).and_then(|id| all.get(id)) {
            Some(found) => Ok(found.id()),
            None if by == By::Id => Err(none()),
            None => {
                let found = by_name()?;
                let details = "The one of this name here is another: make it the same, or give it another name";
                let differs = || Problem::new(field, reference.shown(), Code::Invalid, details);
                if is_same(found) { Ok(found.id()) } else { Err(differs()) }
            }
        }
    }
}
