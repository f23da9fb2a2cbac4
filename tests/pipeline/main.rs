//! One file per room: each stage on small inputs, at the lowest room that shows the behaviour.

mod report;
