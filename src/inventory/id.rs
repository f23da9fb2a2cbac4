//! Newtypes for the ids of an export. Ids are opaque: compared byte by byte, never taken apart.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

use super::shared::SharedText;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(SharedText);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: AsRef<str>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(SharedText::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

id! {
    /// An ECS instance, `i-…`.
    InstanceId,
    /// An elastic network interface, `eni-…`.
    NetworkInterfaceId,
    /// A security group, `sg-…`.
    SecurityGroupId,
    /// A security group rule, `sgr-…`.
    SecurityGroupRuleId,
    /// A prefix list, `pl-…`.
    PrefixListId,
    /// A port range list, `prl-…`.
    PortRangeListId,
    /// A virtual private cloud, `vpc-…`.
    VpcId,
    /// A vSwitch, `vsw-…`.
    VSwitchId,
    /// An account, as opaque text.
    AccountId,
    /// A region such as `cn-hangzhou`.
    RegionId,
}
