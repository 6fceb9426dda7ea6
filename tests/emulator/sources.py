"""The sources of permissions: what EC2 counts, compares, adds and takes away."""

import re


def sources(values):
    """The sources of a request's permissions: protocol, ports, and which source, with the parameter that holds it."""
    found = []
    for name, value in values.items():
        match = re.match(r"(IpPermissions\.\d+)\.(IpRanges|Ipv6Ranges|Groups|PrefixListIds)\.\d+\.(CidrIp|CidrIpv6|GroupId|PrefixListId)$", name)
        if match:
            permission = match.group(1)
            protocol = values.get(permission + ".IpProtocol")
            ports = (values.get(permission + ".FromPort"), values.get(permission + ".ToPort"))
            found.append((protocol, *(("", "") if protocol == "-1" else ports), value))
    return found


def held(rules):
    """The sources of the permissions that a group of moto's has, in the form of `sources`."""
    found = []
    for rule in rules:
        value = rule.ip_range.get("CidrIp") or rule.ip_range.get("CidrIpv6") or rule.source_group.get("GroupId") or rule.prefix_list_id
        ports = ("", "") if rule.ip_protocol == "-1" else tuple("" if port is None else str(port) for port in (rule.from_port, rule.to_port))
        found.append((rule.ip_protocol, *ports, value))
    return found
