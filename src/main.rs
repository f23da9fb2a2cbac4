//! The command line program; everything it does stands in `sgleave::cli`.

fn main() {}
