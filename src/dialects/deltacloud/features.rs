//! What a driver can do beyond the base API, as the entry point advertises it, and what of the API it may lack.

use deltawall_core::{Capabilities, Order, Replace};

use super::operation::Operation;
use super::parameter_table::{
    DIRECTION, INTERFACE, IP_ADDRESS, LIMIT, LOG_PREFIX, LOG_RULE, MAC, PACKET_TYPE, PORTS, POSITION, RULE_ACTION,
    STATES,
};

/// A feature of the firewalls collection.
pub(super) struct Feature {
    pub(super) name: &'static str,
    /// The operation that has it.
    pub(super) rel: &'static str,
    /// The parameter that it adds to that operation.
    pub(super) parameter: &'static str,
}

/// The features that go with these capabilities. They are all about making rules: what else there is, OPTIONS and the OpenAPI
/// document say, so that the entry points that clients know stay as they are.
pub(super) fn of_firewalls(capabilities: Capabilities) -> impl Iterator<Item = Feature> {
    let feature = |name, parameter| Feature { name, rel: "rules", parameter };
    let features = [
        (capabilities.rules.egress, feature("egress", DIRECTION.name)),
        (capabilities.rules.deny, feature("deny", RULE_ACTION.name)),
        (capabilities.rules.log, feature("log", LOG_RULE.name)),
        (capabilities.rules.reject, feature("reject", RULE_ACTION.name)),
        (capabilities.rules.log_prefix, feature("log_prefix", LOG_PREFIX.name)),
        (capabilities.rules.order == Order::Ordered, feature("order", POSITION.name)),
        (capabilities.sources.ranges, feature("ranges", IP_ADDRESS.name)),
        (capabilities.conditions.more_ports, feature("ports", PORTS.name)),
        (capabilities.conditions.interface, feature("interface", INTERFACE.name)),
        (capabilities.conditions.states, feature("states", STATES.name)),
        (capabilities.conditions.limit, feature("limit", LIMIT.name)),
        (capabilities.conditions.mac, feature("mac", MAC.name)),
        (capabilities.conditions.packet_type, feature("packet_type", PACKET_TYPE.name)),
    ];
    let advertised = features.into_iter().filter(move |(has, _)| *has && capabilities.rules.create);
    advertised.map(|(_, feature)| feature)
}

/// Whether a rule can be replaced by another.
pub(super) fn can_edit(can: Capabilities) -> bool {
    can.rules.create && matches!(can.rules.replace, Replace::Add | Replace::Whole)
}

/// Whether a rule can get another place.
pub(super) fn can_move(can: Capabilities) -> bool {
    can_edit(can) && can.rules.order == Order::Ordered
}

/// What a driver with these capabilities would have to be able to do for the operation, and cannot.
pub(super) fn lacking(operation: Operation<'_>, can: Capabilities) -> Option<&'static str> {
    let (has, what) = match operation {
        Operation::CreateFirewall | Operation::ShowNewFirewall(_) => (can.firewalls.create, "create firewalls"),
        Operation::DeleteFirewall(_) => (can.firewalls.delete, "delete firewalls"),
        Operation::CreateRule(_) | Operation::ShowNewRule(_) => (can.rules.create, "create rules"),
        Operation::ReplaceRules(_) => (can.rules.replace != Replace::No, "replace a firewall's rules"),
        Operation::ShowEditRule(..) | Operation::EditRule(..) => (can_edit(can), "replace a rule by another"),
        Operation::MoveRule(..) => (can_move(can), "give a rule another place"),
        Operation::DeleteRule(..) => (can.rules.delete, "delete rules"),
        _ => return None,
    };
    (!has).then_some(what)
}
