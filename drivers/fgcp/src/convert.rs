//! The platform's words in the model's.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use deltawall_core::{
    Account, Action, Cidr, CloudRuleId, Description, Direction, Error, ErrorKind, Firewall, FirewallId, FirewallName,
    Log, Member, Protocol, Rule, RuleContent, Source,
};

use crate::client::{DEFAULT_POLICY, Failure, Policy, Server, Vsys, ZonePair};
use crate::platform::ID;

/// A system's firewall, with the rules of all its directions, and the default rule last.
pub(crate) fn firewall(vsys: &Vsys) -> Result<Arc<Firewall>, Error> {
    let owner = Account::new(&*vsys.creator).map_err(internal)?;
    let mut rules = Vec::new();
    for between in &vsys.directions {
        for policy in &between.policies {
            rules.push(rule(policy, between, &owner)?);
        }
    }
    rules.push(default_rule(&owner)?);
    Ok(Arc::new(Firewall {
        id: FirewallId::new(vsys.firewall_id()).map_err(internal)?,
        name: FirewallName::new("Firewall").map_err(internal)?,
        description: Some(Description::new(format!("{} [{}]", vsys.name, vsys.descriptor)).map_err(internal)?),
        owner: Some(owner),
        rules,
        default: None,
    }))
}

/// The servers behind a system's firewall.
pub(crate) fn members(vsys: &Vsys) -> Vec<Member> {
    let member = |server: &Server| Member {
        id: server.id.clone(),
        name: Some(server.name.clone()),
        addresses: server.addresses.clone(),
        state: Some(server.state.name().to_owned()),
    };
    vsys.servers.iter().map(member).collect()
}

fn rule(policy: &Policy, between: &ZonePair, owner: &Account) -> Result<Rule, Error> {
    Ok(Rule {
        cloud_id: Some(CloudRuleId::new(&*policy.id).map_err(internal)?),
        content: RuleContent {
            owner: owner.clone(),
            protocol: policy.protocol,
            direction: if between.to > between.from { Direction::Ingress } else { Direction::Egress },
            action: if policy.accept { Action::Accept } else { Action::Deny },
            sources: policy.sources.iter().copied().map(Source::Address).collect(),
            conditions: None,
        },
        log: policy.log.then(Log::default),
        description: None,
    })
}

fn default_rule(owner: &Account) -> Result<Rule, Error> {
    Ok(Rule {
        cloud_id: Some(CloudRuleId::new(DEFAULT_POLICY).map_err(internal)?),
        content: RuleContent {
            owner: owner.clone(),
            protocol: Protocol::Unnamed,
            direction: Direction::Ingress,
            action: Action::Deny,
            sources: vec![Source::Address(anywhere().map_err(internal)?)],
            conditions: None,
        },
        log: None,
        description: None,
    })
}

/// What the platform calls `any`.
pub(crate) fn anywhere() -> Result<Cidr, deltawall_core::cidr::InvalidCidr> {
    Cidr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)
}

/// What is in the data centre was checked when it was put there, so this is our own fault.
fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, ID, "The data centre holds something that it cannot hold.").with_source(error)
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let (kind, code) = match failure {
            Failure::Certificate => (ErrorKind::Unauthenticated, None),
            Failure::NoFirewall(_) | Failure::NoPolicy(_) => (ErrorKind::NotFound, Some("RESOURCE_NOT_FOUND")),
            Failure::NoDescriptor { .. } => (ErrorKind::NotFound, None),
            Failure::DefaultPolicy => (ErrorKind::State, None),
            Failure::NameTaken(_) => (ErrorKind::Conflict, Some("SYSTEM_NAME_ALREADY_EXISTS")),
            Failure::NameTooLong | Failure::TooManySystems => (ErrorKind::Refused, None),
            Failure::ServerRunning { .. } => (ErrorKind::State, Some("ILLEGAL_STATE")),
        };
        let error = Self::new(kind, ID, failure.to_string());
        match code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}
