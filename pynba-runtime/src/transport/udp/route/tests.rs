//! Addresses of the loopback, some of which refuse, and a clock that the test passes.

use std::cell::Cell;
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::mpsc;
use std::thread;

use super::super::tests::{
    WAIT, received, receiver, receiver_v6, refusing, second_receiver, until,
};
use super::*;

/// A route to these addresses, of which the first is in use.
fn to(addresses: &[SocketAddr]) -> Route {
    let route = Route::none();
    route.follow(addresses.to_vec()).unwrap();
    assert_eq!(route.used(), Some(addresses[0]));
    route
}

/// Nobody may connect to the broadcast address unless he has asked for it before.
fn nowhere() -> SocketAddr {
    (Ipv4Addr::BROADCAST, 9).into()
}

fn three_refusing() -> ([UdpSocket; 3], [SocketAddr; 3]) {
    let [(one, first), (two, second), (three, third)] = [(); 3].map(|()| refusing());
    ([one, two, three], [first, second, third])
}

impl Route {
    /// Sends until it is told of a refusal, which answers an earlier packet. Gives how often it had to.
    fn refused(&self, now: u64, packet: &[u8]) -> u32 {
        let (sent, refused) = (Cell::new(0), Cell::new(false));
        until(|| {
            sent.set(sent.get() + 1);
            let _ =
                self.send(now, || refused.set(true), |peer| peer.send(packet)).expect("an address");
            refused.get()
        });
        sent.get()
    }

    fn arrives(&self, packet: &[u8], socket: &UdpSocket) {
        self.send(0, || panic!("nobody refuses"), |peer| peer.send(packet)).unwrap().unwrap();
        assert_eq!(received(socket), packet);
    }
}

#[test]
fn a_name_without_an_address_is_an_error() {
    let route = Route::none();
    assert_eq!(route.follow(vec![]).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!route.is_known());
    assert!(route.send(0, || (), |peer| peer.send(b"")).is_none());
}

#[test]
fn an_address_that_nothing_leads_to_is_passed_over() {
    let (_socket, address) = receiver();
    let route = Route::none();
    assert!(route.follow(vec![nowhere()]).is_err());
    route.follow(vec![nowhere(), address]).unwrap();
    assert_eq!(route.used(), Some(address));
}

#[test]
fn a_packet_that_finds_a_refusal_goes_to_the_next_address() {
    let (_refusing, first) = refusing();
    let Some((socket, second)) = second_receiver() else { return };
    let route = to(&[first, second]);
    let sent = route.refused(0, b"second attempt");
    assert_eq!(received(&socket), b"second attempt");
    assert!(sent > 1, "the first packet was on its way before anybody refused it");
    route.arrives(b"next", &socket);
}

#[test]
fn from_ipv4_to_ipv6_and_back() {
    let (_refusing, first) = refusing();
    let Some((socket, second)) = receiver_v6() else { return };
    let route = to(&[first, second]);
    route.refused(0, b"second attempt");
    assert_eq!(received(&socket), b"second attempt");
    // Refuses from now on.
    socket.connect((Ipv6Addr::LOCALHOST, 9)).unwrap();
    route.refused(1000, b"third");
    assert_eq!(route.used(), Some(first));
}

#[test]
fn addresses_have_their_turns_a_pause_apart() {
    let (_sockets, addresses) = three_refusing();
    let route = to(&addresses);
    for (now, which) in
        [(5, 1), (6, 1), (1004, 1), (1005, 2), (2004, 2), (2005, 0), (9000, 1), (9999, 1)]
    {
        route.refused(now, b"lost");
        assert_eq!(route.used(), Some(addresses[which]), "millisecond {now}");
    }
    // A thread that looked at its clock before the last one moved.
    route.refused(8000, b"lost");
    assert_eq!(route.used(), Some(addresses[1]));
}

#[test]
fn a_turn_that_leads_nowhere_is_over_after_the_pause() {
    let ((_refusing, first), (socket, third)) = (refusing(), receiver());
    let route = to(&[first, nowhere(), third]);
    for now in [0, 999] {
        route.refused(now, b"lost");
        assert_eq!(route.used(), Some(first));
    }
    route.refused(1000, b"arrives");
    assert_eq!(received(&socket), b"arrives");
}

#[test]
fn without_another_address_nothing_is_connected() {
    let (_refusing, address) = refusing();
    for addresses in [vec![address], vec![address, address]] {
        let route = to(&addresses);
        route.refused(0, b"lost");
        assert_eq!(lock(&route.known).moved, None);
        assert_eq!(route.used(), Some(address));
    }
}

#[test]
fn a_refusal_by_an_address_left_before_moves_nothing() {
    let (_sockets, addresses) = three_refusing();
    let route = to(&addresses);
    route.leave(addresses[0], 0);
    assert_eq!(route.used(), Some(addresses[1]));
    route.leave(addresses[0], 5000);
    assert_eq!(route.used(), Some(addresses[1]));
}

#[test]
fn an_address_that_is_found_again_keeps_its_socket() {
    let ((first_socket, first), (_socket, second)) = (receiver(), receiver());
    let route = to(&[first, second]);
    let sender = || {
        route.send(0, || (), |peer| peer.send(b"")).unwrap().unwrap();
        first_socket.recv_from(&mut []).unwrap().1
    };
    let before = sender();
    route.follow(vec![second, first]).unwrap();
    assert_eq!(sender(), before);
}

#[test]
fn the_next_address_is_one_of_those_found_last() {
    let (_sockets, addresses) = three_refusing();
    let route = to(&addresses[..2]);
    route.follow(vec![addresses[0], addresses[2]]).unwrap();
    route.refused(0, b"lost");
    assert_eq!(route.used(), Some(addresses[2]));
}

#[test]
fn nobody_waits_for_the_one_who_moves() {
    let ((_refusing, first), (_socket, second)) = (refusing(), receiver());
    let route = to(&[first, second]);
    let (done, returned) = mpsc::channel();
    thread::scope(|scope| {
        let busy = lock(&route.known);
        scope.spawn(|| done.send(route.refused(0, b"lost")));
        returned.recv_timeout(WAIT).expect("it does not wait");
        drop(busy);
    });
    assert_eq!(route.used(), Some(first));
}

#[test]
fn nobody_waits_for_a_packet_that_is_being_sent() {
    let (_sockets, [first, second, third]) = three_refusing();
    let route = to(&[first, second, third]);
    let (done, returned) = mpsc::channel();
    thread::scope(|scope| {
        route.peer.with(|_| {
            route.leave(first, 0);
            assert_eq!(route.used(), Some(second));
            // The third would take the place of the first, which is in use here.
            scope.spawn(|| {
                route.leave(second, 1000);
                done.send(())
            });
            returned.recv_timeout(WAIT).expect("it does not wait");
        });
    });
    assert_eq!(route.used(), Some(second));
    route.leave(second, 2000);
    assert_ne!(route.used(), Some(second));
}

#[test]
fn the_next_look_up_leads_back_to_who_refused_first() {
    let (_sockets, addresses) = three_refusing();
    let route = to(&addresses);
    route.refused(0, b"lost");
    route.refused(1000, b"lost");
    assert_eq!(route.used(), Some(addresses[2]));
    // A look-up that fails changes nothing.
    assert!(route.follow(vec![]).is_err());
    assert!(route.follow(vec![nowhere()]).is_err());
    assert_eq!(route.used(), Some(addresses[2]));
    // Answered in another order.
    route.follow(vec![addresses[2], addresses[0], addresses[1]]).unwrap();
    assert_eq!(route.used(), Some(addresses[0]));
    // It still refuses: the next one is that of the new order.
    route.refused(2000, b"lost");
    assert_eq!(route.used(), Some(addresses[1]));
}

#[test]
fn who_refused_and_is_not_found_any_more_is_forgotten() {
    let ((_refusing, first), (_socket, second)) = (refusing(), receiver());
    let route = to(&[first, second]);
    route.refused(0, b"arrives");
    route.follow(vec![second]).unwrap();
    assert_eq!(route.used(), Some(second));
    route.follow(vec![first, second]).unwrap();
    assert_eq!(route.used(), Some(second));
}
