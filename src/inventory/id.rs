//! Newtypes for the ids of an export. Ids are opaque: compared byte by byte, never taken apart.

use std::borrow::Borrow;
use std::fmt;

use compact_str::CompactString;
use serde::Serialize;

use super::shared::SharedText;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident($text:ty)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name($text);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: AsRef<str>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(<$text>::from(text.as_ref()))
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

// What one or two things hold is short enough to stand in them; what many hold is shared.
id! {
    /// An ECS instance, `i-…`.
    InstanceId(CompactString),
    /// An elastic network interface, `eni-…`.
    NetworkInterfaceId(CompactString),
    /// A security group, `sg-…`.
    SecurityGroupId(SharedText),
    /// A security group rule, `sgr-…`.
    SecurityGroupRuleId(CompactString),
    /// A prefix list, `pl-…`.
    PrefixListId(SharedText),
    /// A port range list, `prl-…`.
    PortRangeListId(SharedText),
    /// A virtual private cloud, `vpc-…`.
    VpcId(SharedText),
    /// A vSwitch, `vsw-…`.
    VSwitchId(SharedText),
    /// An account, as opaque text.
    AccountId(SharedText),
    /// A region such as `cn-hangzhou`.
    RegionId(SharedText),
}
