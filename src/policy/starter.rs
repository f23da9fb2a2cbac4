//! A policy file to begin with.

use super::registry::POLICIES;

/// Returns a policy file with every policy as a comment, and nothing in force that is not in force without it.
#[must_use]
pub fn starter() -> String {
    let mut text = String::from(
        "# A policy file of sgleave. Without any, the policies marked `always` are asked already.\n\
         # `sgleave policy explain CODE` says what each one looks at.\n\
         version: 1\n\n\
         # Levels are off, inform, warn and deny; a name is a rule's id, or a policy's code for all its rules.\n\
         levels: {}\n#  traffic-lost: warn\n\n\
         # One policy a rule. An id is needed where a policy has several rules. Selectors know instance, interface,\n\
         # name, group, vpc, tag, cidr, internet, all and not; * is any text.\n\
         policies: []\n",
    );
    for policy in POLICIES {
        let (level, asked) = (policy.default_level.name(), policy.asked());
        text.push_str(&format!("#  - {} # {level}, {asked}: {}\n", policy.example, policy.summary));
    }
    text.push_str(
        "\n# Exceptions to a rule, for one subject, with an end.\n\
         waivers: []\n\
         #  - id: retire-web-7\n\
         #    policy: isolated-peer\n\
         #    subject: i-web-7\n\
         #    reason: it is retired, CHG-1234\n\
         #    owner: team-web\n\
         #    until: 2030-01-31\n\n\
         # What these rules have to say about removals; `sgleave policy test -i export/ -p FILE` runs them.\n\
         tests: []\n\
         #  - name: nobody isolates the database\n\
         #    removals: [i-db-1:sg-db]\n\
         #    outcome: denied\n\
         #    finds: [isolated-peer:i-db-1]\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicySet;

    #[test]
    fn the_file_can_be_read_as_it_is_and_with_every_example() {
        PolicySet::standard().layer("starter", &starter()).unwrap();
        for policy in POLICIES {
            let text = format!("version: 1\npolicies:\n  - {}\n", policy.example);
            PolicySet::standard().layer("example", &text).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
