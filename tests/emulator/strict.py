"""What EC2 does, by its documentation, before moto may."""

import ipaddress
import re
import uuid

from request import Refusal
from sources import held, sources

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"

# API, CreateSecurityGroup: "Constraints: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*", "Up to 255 characters".
NAME = re.compile(r"^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$")

# VPC, "Amazon VPC quotas": 60 inbound and 60 outbound rules per security group, each source counting as one.
MAX_RULES = 60


def keep_in_use(request):
    """moto deletes groups that are in use, which no driver could be tested against."""
    if request.action != "DeleteSecurityGroup":
        return
    backend = request.backend()
    group = backend.get_security_group_from_id(request.get("GroupId"))
    if group is None:
        return
    if group.name == "default":
        # API, "Error codes": CannotDelete.
        raise Refusal(400, "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user')
    others = [other for other in backend.describe_security_groups() if other.id != group.id]
    rules = [rule for other in others for rule in other.ingress_rules + other.egress_rules]
    # moto keeps the interfaces of instances that are terminated.
    is_there = lambda interface: not interface.instance or interface.instance.state != "terminated"
    in_interfaces = [each.id for interface in backend.enis.values() if is_there(interface) for each in interface.group_set]
    if group.id in in_interfaces or any(rule.source_group.get("GroupId") == group.id for rule in rules):
        # API, DeleteSecurityGroup: "fails with DependencyViolation" if it is associated with an instance or network
        # interface, or referenced by another security group.
        raise Refusal(400, "DependencyViolation", f"resource {group.id} has a dependent object")


def strict(request):
    """What EC2 does before moto may. It may answer in moto's place."""
    backend, values, action = request.backend(), request.values, request.action
    default_vpc = next((vpc.id for vpc in backend.vpcs.values() if vpc.is_default == "true" or vpc.is_default is True), None)

    if action == "DescribeSecurityGroups":
        names = {name: value for name, value in values.items() if name.startswith("GroupName.")}
        if names:
            # API, DescribeSecurityGroups, GroupName.N: "[Default VPC] The names of the security groups."
            at_home = backend.describe_security_groups(filters={"vpc-id": [default_vpc]})
            for name in names.values():
                if name not in [group.name for group in at_home]:
                    raise Refusal(400, "InvalidGroup.NotFound", f"The security group '{name}' does not exist in default VPC '{default_vpc}'")
            kept = {name: value for name, value in values.items() if name not in names}
            ids = [group.id for group in at_home if group.name in names.values()]
            request.set(kept | {f"GroupId.{number}": group_id for number, group_id in enumerate(ids, 1)})
            values = request.values
        for name, value in values.items():
            if name.startswith("GroupId.") and not re.fullmatch(r"sg-[0-9a-f]{8,17}", value):
                # API, "Error codes": InvalidGroupId.Malformed.
                raise Refusal(400, "InvalidGroupId.Malformed", f'Invalid id: "{value}" (expecting "sg-...")')

    if action == "CreateSecurityGroup":
        name, description = values.get("GroupName", ""), values.get("GroupDescription", "")
        for parameter, value in (("groupName", name), ("groupDescription", description)):
            if not NAME.match(value):
                raise Refusal(400, "InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid.")
        if name.startswith("sg-"):
            # API, CreateSecurityGroup: "Cannot start with sg-".
            raise Refusal(400, "InvalidParameterValue", f"Value ({name}) for parameter groupName is invalid. Group names may not be in the format sg-*.")

    if action.startswith("Authorize"):
        # VPC, "Security group rules": "If you specify a CIDR block that has host bits, we convert it to its canonical form."
        canonical = {}
        for name, value in values.items():
            if name.endswith((".CidrIp", ".CidrIpv6")):
                value = str(ipaddress.ip_network(value, strict=False))
            canonical[name] = value
        request.set(canonical)
        group = backend.get_security_group_from_id(canonical.get("GroupId"))
        if group:
            there = group.egress_rules if action.endswith("Egress") else group.ingress_rules
            asked, have = sources(canonical), held(there)
            for protocol, from_port, to_port, source in asked:
                if (protocol, from_port, to_port, source) in have or asked.count((protocol, from_port, to_port, source)) > 1:
                    # API, "Error codes": InvalidPermission.Duplicate. All or nothing: none of the others is made either.
                    raise Refusal(400, "InvalidPermission.Duplicate", f'the specified rule "peer: {source}, {protocol.upper()}, from port: {from_port}, to port: {to_port}, ALLOW" already exists')
            for name, value in canonical.items():
                if name.endswith(".UserId") and not re.fullmatch(r"\d{12}", value, re.ASCII):
                    # API, "Error codes": InvalidUserID.Malformed, "The specified user or owner is not valid".
                    raise Refusal(400, "InvalidUserID.Malformed", f'Invalid user id: "{value}"')
            if len(asked) + len(have) > MAX_RULES:
                raise Refusal(400, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")

    if action.startswith(("Authorize", "Update")):
        for name, value in values.items():
            if name.endswith(".Description") and not NAME.match(value):
                # API, IpRange and the others: Description has the characters that a group's may have.
                raise Refusal(400, "InvalidParameterValue", "Invalid rule description.")

    if action.startswith(("Revoke", "Update")):
        group = backend.get_security_group_from_id(values.get("GroupId"))
        have = held(group.egress_rules if action.endswith("Egress") else group.ingress_rules) if group else []
        if group and any(source not in have for source in sources(values)):
            if action.startswith("Update") or group.vpc_id != default_vpc:
                # API, "Error codes": InvalidPermission.NotFound, "The specified rule does not exist in this security group".
                raise Refusal(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
            # API, RevokeSecurityGroupIngress: "[Default VPC] if the values you specify do not match, no error is returned, and
            # the output describes the security group rules that were not revoked" (unknownIpPermissionSet).
            return f'<{action}Response xmlns="{NAMESPACE}"><requestId>{uuid.uuid4()}</requestId><return>true</return><unknownIpPermissionSet><item><ipProtocol>tcp</ipProtocol></item></unknownIpPermissionSet></{action}Response>'
    return None
