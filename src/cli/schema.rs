//! `sgleave schema`: the shapes of the written documents.

use super::args::SchemaArgs;
use super::exit;
use super::failure::{Failure, listed};
use super::output::to_stdout;
use crate::report::{SCHEMAS, schema};

pub(super) fn run(args: &SchemaArgs) -> Result<u8, Failure> {
    match &args.name {
        Some(name) => {
            let text = schema(name).ok_or_else(|| {
                Failure::usage(format!("no document is called `{name}`"))
                    .with_help(format!("there are {}", listed(SCHEMAS)))
            })?;
            to_stdout(|out| out.write_all(text.as_bytes()))?;
        }
        None => to_stdout(|out| SCHEMAS.iter().try_for_each(|name| writeln!(out, "{name}")))?,
    }
    Ok(exit::CLEAR)
}
