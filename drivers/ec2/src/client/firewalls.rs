//! Groups, without their rules: looked at, made and deleted.

use std::sync::Arc;

use aws_sdk_ec2::types::SecurityGroup;
use deltawall_core::{Error, ErrorKind, Firewall, FirewallId, NewFirewall};

use super::base::{Client, PAGE, done_but};
use super::changes::never_again;
use super::groups::group_id;
use crate::convert::{self, Names};
use crate::error::{from_sdk, is_in_use, nonsense};

impl Client {
    /// One call, of which only the answer to who asks matters.
    pub(crate) async fn authenticate(&self) -> Result<(), Error> {
        match self.ec2.describe_security_groups().max_results(5).send().await.map_err(from_sdk) {
            // Who may not list groups is still who it says.
            Err(error) if error.kind != ErrorKind::Forbidden => Err(error),
            _ => Ok(()),
        }
    }

    /// All groups: a call for each thousand, and at the same time one for the default VPC.
    pub(crate) async fn list(&self) -> Result<Vec<Arc<Firewall>>, Error> {
        let pages = self.ec2.describe_security_groups().into_paginator().page_size(PAGE).items().send();
        let (groups, home) = tokio::join!(pages.try_collect(), self.home());
        let groups: Vec<SecurityGroup> = groups.map_err(from_sdk)?;
        let (home, mut names) = (home?, Names::default());
        names.learn(&groups);
        groups.iter().map(|group| convert::firewall(group, home.as_deref(), &names)).collect()
    }

    /// One group: one call, one more for the names of groups in its rules, and one for the default VPC where the id leaves
    /// it open whether the group is in it.
    pub(crate) async fn show(&self, id: &FirewallId) -> Result<Arc<Firewall>, Error> {
        let (group, home) = self.find_with_home(id).await?;
        let names = self.names(&group).await?;
        convert::firewall(&group, home.as_deref(), &names)
    }

    pub(crate) async fn create(&self, new: NewFirewall) -> Result<Arc<Firewall>, Error> {
        let network = new.network.as_ref().or(self.vpc.as_ref()).map(|network| network.as_str().to_owned());
        let (name, description) = (new.name.as_str(), new.description.as_str());
        let made = self
            .change(|| {
                let call = self.ec2.create_security_group().group_name(name).description(description);
                call.set_vpc_id(network.clone()).customize().config_override(never_again()).send()
            })
            .await?;
        let id = made.group_id().ok_or_else(|| nonsense("a new security group has no id"))?;
        let group = self.look_for(id).await.map_err(|error| done_but("The security group was made", error))?;
        let home = match new.network {
            None => group.vpc_id.clone(),
            Some(_) => self.home().await.map_err(|error| done_but("The security group was made", error))?,
        };
        convert::firewall(&group, home.as_deref(), &Names::default())
    }

    pub(crate) async fn delete(&self, id: &FirewallId) -> Result<(), Error> {
        let group = self.find(id.as_str()).await?;
        let group_id = group_id(&group)?;
        let deleted = self
            .change(|| {
                self.ec2.delete_security_group().group_id(group_id).customize().config_override(never_again()).send()
            })
            .await;
        match deleted.map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(error) if is_in_use(&error) => Err(self.with_users(error, &group).await),
            Err(error) => Err(error),
        }
    }
}
