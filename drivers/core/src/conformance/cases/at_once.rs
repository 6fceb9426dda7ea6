//! Changes at the same time.

use std::sync::Arc;

use crate::conformance::subject::{Subject, name, tcp};
use crate::model::Position;

pub(in crate::conformance) async fn changes_at_the_same_time_are_all_kept(subject: &Subject) {
    const CHANGES: usize = 16;
    let shared = subject.create("shared").await;
    let (before, listed) = (subject.show(&shared.id).await, subject.list().await.len());
    let tasks: Vec<_> = (0..CHANGES)
        .map(|n| {
            let (driver, context, id) = (Arc::clone(&subject.driver), subject.context.clone(), shared.id.clone());
            let new = (subject.new_firewall)(name(&format!("task-{n}")));
            let rules = subject.can(|c| c.rules.create);
            let rule = tcp(n as i32 + 1, &["192.0.2.0/24"]);
            tokio::spawn(async move {
                driver.create_firewall(&context, new).await.unwrap();
                if rules {
                    driver.create_rule(&context, &id, rule, Position::Last).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let firewalls = subject.list().await;
    assert_eq!(firewalls.len(), listed + CHANGES);
    if subject.can(|c| c.rules.create) {
        assert_eq!(subject.show(&shared.id).await.rules.len(), before.rules.len() + CHANGES);
    } else {
        assert_eq!(subject.show(&shared.id).await, before);
    }
}

pub(in crate::conformance) async fn a_list_is_whole_while_it_changes(subject: &Subject) {
    let before = subject.list().await;
    let (driver, context, new_firewall) = (Arc::clone(&subject.driver), subject.context.clone(), subject.new_firewall);
    let changes = tokio::spawn(async move {
        for n in 0..50 {
            driver.create_firewall(&context, new_firewall(name(&format!("added-{n}")))).await.unwrap();
        }
    });
    let mut seen = before.len();
    while !changes.is_finished() {
        let now = subject.list().await;
        assert!(now.len() >= seen, "a list lost what an earlier one had");
        seen = now.len();
    }
    changes.await.unwrap();
    assert_eq!(subject.list().await.len(), before.len() + 50);
}
