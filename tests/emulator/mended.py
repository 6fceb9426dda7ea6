"""moto, mended where no driver could be tested against it as it is. Each mend says what EC2's documentation has instead."""

import functools
import os
import re
import threading

# moto reads these when it is loaded. No test needs an image, and each account would begin with a thousand of them; and an
# operator may name a region that Amazon does not have.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ["MOTO_ALLOW_NONEXISTENT_REGION"] = "true"

import moto.core.responses
import moto.ec2.models.security_groups as moto_groups

from sources import held


def glob_matches(pattern, text):
    """API, "Filtering": * and ? are wildcards, and a backslash before them makes them what they are."""
    expression = ""
    parts = iter(pattern)
    for char in parts:
        if char == "\\":
            expression += re.escape(next(parts, "\\"))
        else:
            expression += {"*": ".*", "?": "."}.get(char, re.escape(char))
    return re.fullmatch(expression, str(text), re.DOTALL) is not None


moto_groups.aws_api_matches = glob_matches

# moto looks through all of a class for the methods that are actions, anew for each request: a quarter of its time.
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)


def same_rule(rule, other):
    """API, RevokeSecurityGroupIngress: "you do not need to specify the description to revoke the rule". moto compares it."""
    return held([rule]) == held([other])


moto_groups.SecurityGroupRule.__eq__ = same_rule


def add_source_groups(backend, groups, vpc_id, own=moto_groups.SecurityGroupBackend._add_source_group):
    """API, UserIdGroupPair: UserId is "the ID of an Amazon Web Services account", that of a peered VPC too, whose groups
    cannot be seen from here. moto looks for them in the own account."""
    is_foreign = lambda group: group.get("UserId", backend.account_id) != backend.account_id
    return [one for group in groups or [] for one in ([group] if is_foreign(group) else own(backend, [group], vpc_id))]


moto_groups.SecurityGroupBackend._add_source_group = add_source_groups


def revoke_egress(backend, group_name_or_id, own=moto_groups.SecurityGroupBackend.revoke_security_group_egress, **permission):
    """API, RevokeSecurityGroupEgress: "Removes the specified outbound (egress) rules". moto leaves IPv6 ranges out, and calls it a
    success, in a VPC that has no IPv6 network. So for as long as it revokes, the group is in none."""
    group = backend.get_security_group_from_id(group_name_or_id)
    vpc_id = group and group.vpc_id
    try:
        if group:
            group.vpc_id = None
        own(backend, group_name_or_id, **permission)
    finally:
        if group:
            group.vpc_id = vpc_id


moto_groups.SecurityGroupBackend.revoke_security_group_egress = revoke_egress

# VPC, "Amazon VPC quotas": the number of rules is adjustable. The second server has it, and the first none.
moto_groups.SecurityGroupBackend._verify_group_will_respect_rule_count_limit = lambda *_, **__: None


def keep_description(rule, *arguments, own=moto_groups.SecurityGroupRule.__init__, **named):
    """API, PrefixListId: it has a Description. moto keeps that of addresses and groups alone."""
    own(rule, *arguments, **named)
    prefix_list = arguments[7] if len(arguments) > 7 else None
    rule.list_description = (prefix_list or {}).get("Description")


def describe_lists(group, rules, own=moto_groups.SecurityGroup._flattened_rules):
    views = own(group, rules)
    described = {held([rule])[0]: rule.list_description for rule in rules if rule.prefix_list_id and rule.list_description}
    for view in views:
        ports = ("", "") if view.ip_protocol == "-1" else (str(view.from_port), str(view.to_port))
        for prefix_list in view.prefix_list_ids:
            description = described.get((view.ip_protocol, *ports, prefix_list["PrefixListId"]))
            if description:
                prefix_list["Description"] = description
    return views


def update_description(_, asked, rule):
    """API, UpdateSecurityGroupRuleDescriptionsIngress: "You can remove a description for a security group rule by omitting the
    description parameter in the request". moto keeps it then."""
    for there, new in ((rule.ip_range, asked.ip_range), (rule.source_group, asked.source_group)):
        there.pop("Description", None)
        if "Description" in new:
            there["Description"] = new["Description"]
    rule.list_description = asked.list_description


moto_groups.SecurityGroupRule.__init__ = keep_description
moto_groups.SecurityGroup._flattened_rules = describe_lists
moto_groups.SecurityGroupBackend._sg_update_description = update_description


class Page(threading.local):
    """Which part of a list this thread's answer is to have, and whether more follows. moto makes one of all."""

    start, size, is_last = 0, None, True


page = Page()


def describe_page(backend, *arguments, own=moto_groups.SecurityGroupBackend.describe_security_groups, **filters):
    groups = own(backend, *arguments, **filters)
    if page.size is None:
        return groups
    end = page.start + page.size
    page.is_last = end >= len(groups)
    return groups[page.start : end]


moto_groups.SecurityGroupBackend.describe_security_groups = describe_page
