//! Which keys EC2 can be asked with: the SDK signs with any, and panics where no header can hold what comes of it.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile;
use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_ec2::config::{ConfigBag, RuntimeComponents};
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_types::os_shim_internal::{Env, Fs};
use deltawall_core::{Credentials, Error, ErrorKind};

use crate::capabilities::ID;
use crate::request;

/// The keys that the SDK has found are of no use.
#[derive(Debug, thiserror::Error)]
#[error("there are control characters in them")]
pub(crate) struct Unusable;

/// Whether EC2 can be asked with these credentials.
pub fn is_usable(credentials: &Credentials) -> bool {
    are_plain(&[Some(credentials.user()), Some(credentials.password()), credentials.session_token()])
}

fn are_plain(parts: &[Option<&str>]) -> bool {
    !parts.iter().flatten().any(|part| part.contains(char::is_control))
}

/// Looks at the keys that the SDK will find without asking anybody.
///
/// # Errors
/// When they are of no use.
pub(crate) async fn check_ambient() -> Result<(), Error> {
    let unusable = |whose: &str| {
        let message =
            format!("EC2 cannot be asked with the keys {whose}: they are no text, or have control characters");
        Err(Error::new(ErrorKind::Invalid, ID, message))
    };
    match EnvironmentVariableCredentialsProvider::new().provide_credentials().await {
        Ok(keys) if can_sign_with(&keys) => return Ok(()),
        Err(CredentialsError::CredentialsNotLoaded(_)) => {}
        _ => {
            return unusable("in the environment, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN");
        }
    }
    // What is wrong with the files themselves is told with each call.
    let Ok(profiles) = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await else {
        return Ok(());
    };
    let mut next = Some(profiles.selected_profile());
    let mut seen = Vec::new();
    while let Some(profile) = next.filter(|name| !seen.contains(name)).and_then(|name| profiles.get_profile(name)) {
        let parts = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"].map(|name| profile.get(name));
        if !are_plain(&parts) {
            return unusable(&format!("of the profile {:?}", profile.name()));
        }
        seen.push(profile.name());
        next = profile.get("source_profile");
    }
    Ok(())
}

fn can_sign_with(keys: &Keys) -> bool {
    are_plain(&[Some(keys.access_key_id()), Some(keys.secret_access_key()), keys.session_token()])
}

/// The SDK's cache of the keys that it has found, which gives only those that can be used, and has the request know them.
#[derive(Debug)]
pub(crate) struct Usable(pub(crate) SharedIdentityCache);

impl ResolveCachedIdentity for Usable {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let identity = self.0.resolve_cached_identity(resolver, components, config).await?;
            if let Some(keys) = identity.data::<Keys>() {
                if !can_sign_with(keys) {
                    return Err(CredentialsError::invalid_configuration(Unusable).into());
                }
                request::note_keys(keys.clone());
            }
            Ok(identity)
        })
    }
}
