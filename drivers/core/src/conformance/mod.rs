//! The tests that every driver passes: the contract of [`Driver`](crate::Driver), case by case.
//!
//! A driver's tests say how to start it, and get one `#[test]` a case:
//!
//! ```text
//! fn subject() -> Subject { … }
//! deltawall_core::conformance_suite!(subject);
//! ```
//!
//! Where a driver lacks a capability of rules that a case is about, the case tests that it refuses, so no case is ever
//! skipped. Firewalls can be made and deleted, and rules deleted, by every driver that there is; the cases rely on it. A case that stands in `cases` and not in the list below is dead code, which the lints deny.

// These are tests, though they live in a library: they fail by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod cases;
mod subject;

use std::pin::Pin;

pub use subject::{Subject, context};

type Case = for<'a> fn(&'a Subject) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

static CASES: &[(&str, Case)] = crate::conformance_suite! { @list table [] };

/// Runs one case of the suite; [`conformance_suite!`](crate::conformance_suite) calls it.
///
/// # Panics
/// When the driver does not do what the case is about.
pub fn run(name: &str, subject: Subject) {
    let (_, case) = CASES.iter().find(|(case, _)| *case == name).expect("the suite has a case of this name");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(case(&subject));
}

/// One `#[test]` for each case, on what the named function starts.
#[macro_export]
macro_rules! conformance_suite {
    ($subject:path) => {
        $crate::conformance_suite! { @list tests [$subject] }
    };
    (@list $use:ident [$($argument:tt)*]) => {
        $crate::conformance_suite! { @$use [$($argument)*]
            the_list_and_the_firewall_alone_are_the_same
            the_list_keeps_its_order
            a_filter_keeps_one_firewall
            what_is_absent_is_not_found
            strangers_are_turned_away
            strangers_change_nothing
            a_new_firewall_is_shown_and_listed
            a_taken_name_is_refused
            a_deleted_firewall_is_gone
            deleting_one_firewall_leaves_the_others
            a_new_rule_is_as_it_was_asked_for
            rules_for_the_same_traffic_join_where_the_driver_says_so
            a_rule_with_many_sources_is_one_rule
            a_rule_for_each_protocol
            rules_for_other_protocols
            a_rule_with_a_description
            a_network_is_chosen_only_where_there_are_any
            an_egress_rule
            a_rule_that_denies
            a_rule_that_logs
            a_rule_with_an_ipv6_source
            a_rule_with_a_group_source
            an_unknown_group_of_our_own_account_is_not_found
            a_group_of_another_account_is_taken_as_it_is
            a_rule_that_is_there_is_refused_unless_rules_repeat
            a_new_rule_stands_where_it_is_asked_to
            each_rule_is_named_by_its_id_alone
            a_deleted_rule_is_gone
            a_rule_is_deleted_by_what_its_id_says
            a_deleted_rule_can_be_made_again
            a_firewall_that_anothers_rule_names_is_in_use
            a_firewall_that_only_its_own_rule_names_is_not_in_use
            members_are_told_of_each_firewall
            rules_count_what_they_match_where_the_driver_says_so
            a_rule_that_rejects
            a_rule_that_logs_with_words_of_the_clients
            a_prefix_that_is_too_long_is_refused
            a_rule_with_a_range_of_addresses
            a_rule_with_a_list_of_ports
            a_rule_for_an_interface
            a_rule_for_states_of_connections
            a_rule_with_a_limit
            a_rule_for_a_mac_address
            a_rule_for_a_type_of_packets
            a_set_of_rules_replaces_those_that_are_there
            rules_that_stay_are_the_rules_that_they_were
            the_same_rules_again_change_nothing
            rules_stand_as_in_their_set_where_they_have_an_order
            a_firewall_that_has_changed_since_it_was_seen_is_a_conflict
            a_rule_that_cannot_be_made_is_named_and_nothing_changes
            the_same_rule_twice_in_a_set_is_refused_unless_rules_repeat
            last_rules_that_deny_are_none_where_the_rest_is_denied_anyway
            a_set_brings_its_descriptions
            a_default_is_chosen_where_a_firewall_has_one
            providers_are_apart
            the_default_provider_may_be_named_or_left_out
            providers_are_found_in_any_case
            a_provider_of_hostile_spelling_is_refused
            changes_at_the_same_time_are_all_kept
            a_list_is_whole_while_it_changes
        }
    };
    (@tests [$subject:path] $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::run(stringify!($case), $subject());
            }
        )*
    };
    (@table [] $($case:ident)*) => {
        &[$((stringify!($case), |subject| Box::pin(cases::$case(subject)))),*]
    };
}
