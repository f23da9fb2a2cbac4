//! A session that is open while its membership goes.
//!
//! A packet filter with sessions lets it live on, because replies and what follows pass before any rule. When the
//! cloud cuts such a session is not known (law A4), so nothing is asserted of it: the test shows what it does here,
//! and asserts that no new session begins and that the engine warns of the old one.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use sgleave::evaluate::{AddressKinds, Order, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::simulate::{ChangeKind, SessionEffect};
use sgleave::testing::{ArbRemoval, world};

use crate::engine::Engine;
use crate::estate::Estate;
use crate::fabric::Fabric;
use crate::requirements;
use crate::ruleset::Compiler;
use crate::wire::PATIENCE;

/// Tells whether the other side still hears.
fn echoes(client: &mut TcpStream, server: &mut TcpStream) -> bool {
    let mut heard = [0];
    client.write_all(b"?").is_ok() && server.read_exact(&mut heard).is_ok()
}

#[test]
fn no_new_session_begins_while_an_old_one_may_live_on() {
    if !requirements::are_met() {
        return;
    }
    let inventory = world("A=10.0.0.1 [G,H]; B=10.0.0.2 [G]; G{normal,accept}; H{normal,drop}").unwrap();
    let removal = ArbRemoval { interface: 0, leave: "sg-G".into(), join: None };
    let readings = Readings {
        intra_group_egress: Some(Order::CustomFirst),
        address_kinds: Some(AddressKinds::All),
        ..Readings::default()
    };
    let estate = Estate::new(0, inventory, vec![removal], readings);
    let compiler = Compiler::new(&estate.inventory, readings, &[&estate.before, &estate.after]);
    let fabric = Fabric::new(&estate.hosts());
    fabric.filter(&compiler.ruleset(&estate.before));

    let at: SocketAddr = "10.0.0.2:22".parse().unwrap();
    let connect = || fabric.within(0, || TcpStream::connect_timeout(&at, PATIENCE));
    let listener = fabric.within(1, || TcpListener::bind(at)).unwrap();
    let mut client = connect().unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(echoes(&mut client, &mut server));

    fabric.filter(&compiler.transition(&estate.before, &estate.after));
    let lives = echoes(&mut client, &mut server);
    assert!(connect().is_err(), "a new session begins without the membership");
    fabric.forget_sessions();
    let outlives = echoes(&mut client, &mut server);
    eprintln!("after the removal the open session lives: {lives}; with its entry forgotten: {outlives}");

    let graph = SecurityGraph::new(estate.inventory.clone());
    let engine = Engine::new(&graph, &estate);
    let lost = engine.simulation.impact.changes.iter().filter(|change| change.kind == ChangeKind::Lost);
    let sessions: Vec<_> = lost.map(|change| change.sessions).collect();
    assert!(!sessions.is_empty());
    assert!(sessions.iter().all(|session| *session == Some(SessionEffect::MayBreakAtOnce)), "{sessions:?}");
}
