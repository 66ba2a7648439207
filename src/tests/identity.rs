//! Who somebody is by the word of a provider or a proxy.

pub mod openid;
pub mod openid_out;
pub mod openid_place;
pub mod openid_proof;
pub mod openid_roles;
pub mod openid_userinfo;
pub mod provider;
pub mod provider_keys;
pub mod proxied;
