//! Whether a datagram is to the decoder what it is to the reference. The fuzz target includes this file too.

use pynba_collector::packet::{Decoder, Invalid, Packet};

use crate::reference::{Reference, Verdict, verdict};

/// The most that UDP can carry, bytes.
const LONGEST: usize = 65_535;

/// Panics where they differ, else gives what the decoder said.
#[track_caller]
pub(crate) fn check(decoder: &mut Decoder, datagram: &[u8]) -> Result<usize, Invalid> {
    let ours = decoder.decode(datagram);
    match (datagram.len(), verdict(datagram)) {
        (0, _) => assert_eq!(ours.err(), Some(Invalid::Empty)),
        (len, _) if len > LONGEST => assert_eq!(ours.err(), Some(Invalid::TooLong)),
        // Which of several reasons it gives is its own affair: an earlier request may be wrong otherwise.
        (_, Verdict::Broken) => assert!(ours.is_err(), "{ours:?}"),
        (_, Verdict::Invalid(reason)) => assert_eq!(ours.err(), Some(reason)),
        (_, Verdict::Requests(requests)) => {
            let packets = ours.expect("the reference takes it").iter();
            assert_eq!(packets.len(), requests.len());
            packets.zip(&requests).for_each(|(packet, request)| same(&packet, request));
        }
    }
    ours.map(|packets| packets.iter().len())
}

fn same(packet: &Packet<'_>, request: &Reference) {
    let texts = [packet.hostname, packet.server_name, packet.script_name, packet.schema];
    let expected = [&request.hostname, &request.server_name, &request.script_name, &request.schema];
    assert_eq!(texts, expected.map(|text| text.as_deref().unwrap_or_default()));

    let numbers = [packet.request_count, packet.document_size, packet.memory_peak];
    let expected = [request.request_count, request.document_size, request.memory_peak];
    assert_eq!(numbers.map(Some), expected);
    assert_eq!(packet.memory_footprint, request.memory_footprint.unwrap_or(0));
    assert_eq!(packet.status, request.status.unwrap_or(0));

    let times = [packet.request_time, packet.ru_utime, packet.ru_stime];
    let expected = [request.request_time, request.ru_utime, request.ru_stime];
    assert_eq!(times.map(f32::to_bits).map(Some), expected.map(|time| time.map(f32::to_bits)));

    assert!(packet.dictionary().eq(&request.dictionary), "{packet:?}, {request:?}");
    for (id, word) in (0..).zip(&request.dictionary) {
        assert_eq!(packet.word(id), word);
    }
    assert_eq!(packet.tags(), (&*request.tag_name, &*request.tag_value));
    same_timers(packet, request);
}

fn same_timers(packet: &Packet<'_>, request: &Reference) {
    let all = packet.timers();
    assert_eq!(all.len(), request.timer_hit_count.len());
    let mut tags = 0..0;
    for (index, timer) in all.enumerate() {
        assert_eq!(timer.hit_count, request.timer_hit_count[index]);
        let optional = |all: &[f32]| all.get(index).copied().unwrap_or(0.0);
        let utime = optional(&request.timer_ru_utime);
        let expected = [request.timer_value[index], utime, optional(&request.timer_ru_stime)];
        let times = [timer.value, timer.ru_utime, timer.ru_stime];
        assert_eq!(times.map(f32::to_bits), expected.map(f32::to_bits));

        tags = tags.end..tags.end + request.timer_tag_count[index] as usize;
        assert_eq!(timer.names, &request.timer_tag_name[tags.clone()]);
        assert_eq!(timer.values, &request.timer_tag_value[tags.clone()]);
    }
    assert_eq!(tags.end, request.timer_tag_name.len());
}
